import { describe, expect, test } from "vitest";
import { chunkUrl } from "./registry.ts";
import { chunkFile, FakePage } from "./testing.ts";

describe("the registry of chunks", () => {
  test("gives the payload, and the file's text to the last byte", async () => {
    const page = new FakePage();
    page.add("data/a", '{"x":"é *\\/ ☃"}');
    expect(await page.registry.take("data/a")).toEqual({ payload: '{"x":"é *\\/ ☃"}', file: page.files.get("data/a.js") });
  });

  test("loads a chunk once for all who ask at the same time", async () => {
    const page = new FakePage();
    page.add("data/a", "1");
    await Promise.all([page.registry.take("data/a"), page.registry.take("data/a")]);
    expect(page.loads).toEqual(["data/a.js"]);
  });

  test("forgets a chunk after use, and loads it again when asked again", async () => {
    const page = new FakePage();
    page.add("data/a", "1");
    await page.registry.take("data/a");
    await page.registry.take("data/a");
    expect(page.loads).toEqual(["data/a.js", "data/a.js"]);
  });

  test("takes a chunk that a script of index.html brought, without loading it", async () => {
    const page = new FakePage();
    new Function("cc", chunkFile("data/models", "[]"))({ chunk: page.registry.chunk });
    expect((await page.registry.take("data/models")).payload).toBe("[]");
    expect(page.loads).toEqual([]);
  });

  test("names a missing file, what it means and what to do", async () => {
    const error = await failure(new FakePage().registry.take("data/gone"));
    expect(error).toMatchObject({ fault: "missing", where: "data/gone.js" });
    expect(error.message).toBe(
      "A file of this site could not be loaded. (data/gone.js) The browser found no readable file of that name in the site's folder. " +
        "Copy or download the whole site folder again. If the site came as a zip file, unpack it first: a preview shows index.html without its neighbours.",
    );
  });

  test("tells a file that was cut off from a missing one", async () => {
    const page = new FakePage();
    page.files.set("data/cut.js", chunkFile("data/cut", "x".repeat(100)).slice(0, 60));
    const error = await failure(page.registry.take("data/cut"));
    expect(error).toMatchObject({ fault: "truncated", where: "data/cut.js" });
    expect(error.message).toContain("cut off while it was copied or downloaded");
  });

  test("tries again after a failure", async () => {
    const page = new FakePage();
    await failure(page.registry.take("data/late"));
    page.add("data/late", "1");
    expect((await page.registry.take("data/late")).payload).toBe("1");
  });

  test("keeps names of models from acting as URL syntax", () => {
    expect(chunkUrl("data/layers/50% #1 é?")).toBe("data/layers/50%25%20%231%20%C3%A9%3F.js");
  });
});

async function failure(promise: Promise<unknown>): Promise<Error> {
  return promise.then(
    () => expect.unreachable("it should have failed"),
    (error: Error) => error,
  ) as Promise<Error>;
}
