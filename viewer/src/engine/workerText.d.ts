// Made by plugins/workerText.ts: the module under src/workers/, bundled into one classic script, as a string.
declare module "virtual:worker-text/*" {
  const text: string;
  export default text;
}
