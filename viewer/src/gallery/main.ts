// The gallery's start: light, or dark with #dark in the address.
import "../theme.css";

import { mount } from "svelte";
import Gallery from "./Gallery.svelte";

addEventListener("DOMContentLoaded", () => {
  const dark = location.hash === "#dark";
  document.documentElement.dataset["theme"] = dark ? "dark" : "light";
  mount(Gallery, { target: document.getElementById("app")!, props: { dark } });
});
