// One line of output for each step of the build.
const MEGA = 1e6;

/**
 * @template T
 * @param {string} name
 * @param {() => Promise<T & {note: string}> | T & {note: string}} step
 * @returns {Promise<T>} what the step returns; its `note` is printed
 */
export async function report(name, step) {
  const start = performance.now();
  const result = await step();
  console.log(`${name.padEnd(18)} ${result.note.padEnd(64)} ${((performance.now() - start) / 1000).toFixed(2)} s`);
  return result;
}

/** @param {number} bytes */
export function megabytes(bytes) {
  return `${(bytes / MEGA).toFixed(2)} MB`;
}
