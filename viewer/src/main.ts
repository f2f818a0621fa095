// The page's start: manifest and models are here already, as scripts of index.html; draw them.
import "./theme.css";

import { mount } from "svelte";
import App from "./App.svelte";
import { installRegistry } from "./bundle/installRegistry.ts";
import { loadJson, openBundle } from "./bundle/load.ts";
import type { ModelsChunk } from "./bundle/types.gen.ts";
import { installDebugHook } from "./debugHook.ts";
import { asFailure } from "./failure.ts";
import { AppState } from "./state/app.svelte.ts";
import { makeStudy } from "./study/study.ts";
import FailureNote from "./ui/FailureNote.svelte";

const registry = installRegistry();

addEventListener("DOMContentLoaded", async () => {
  const target = document.getElementById("app")!;
  try {
    const bundle = await openBundle(registry);
    const { models } = await loadJson<ModelsChunk>(bundle, "data/models");
    const app = new AppState(bundle, makeStudy(bundle.manifest, models), location.hash);
    document.title = app.study.manifest.study.title;
    mount(App, { target, props: { app } });
    installDebugHook({ bundle, python: app.python, onnx: app.onnx });
    void app.loadTiming();
  } catch (error) {
    document.title = "This site cannot be shown";
    mount(FailureNote, { target, props: { failure: asFailure(error, "data/manifest.js") } });
  }
});
