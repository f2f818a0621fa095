// Studies of any number of models, made up but lifelike: the same count and seed give the same study on every machine.
//
//     node tests/browser/studies.mjs 300 [--seed 1] > study.json
//
// Tests, benchmarks and pictures use them where real studies are too small. Files of models there are none: metadata alone.
import { argv, stdout } from "node:process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const METRICS = [
  { name: "Accuracy", direction: "higher", format: ".1%", min: 0, max: 1, primary: true, definition: "Share of right answers on the held-out set." },
  { name: "Size", direction: "lower", unit: "B", format: ".3~s", min: 0, primary: true, definition: "Bytes of the model file." },
  { name: "Latency", direction: "lower", unit: "ms", format: ".3~r", min: 0, primary: true, definition: "Median time of one answer." },
  { name: "Sparsity", direction: "neither", format: ".0%", min: 0, max: 1, definition: "Share of weights that are zero." },
  { name: "Energy", direction: "lower", unit: "mJ", format: ".3~r", min: 0, definition: "Energy of one answer; not measured for every model." },
  { name: "Calibration gain", direction: "higher", format: "+.3f", definition: "Fall of the expected calibration error against the base model; may be negative." },
];

/** What an operation may be given, and what may follow it. */
const OPERATIONS = {
  train: { parameters: { epochs: [5, 10, 30, 90], rate: [0.1, 0.01, 0.001] }, next: ["prune", "prune", "quantize", "quantize", "distill"] },
  prune: { parameters: { amount: [0.25, 0.5, 0.75, 0.9], method: ["magnitude", "gradient"] }, next: ["train", "train", "calibrate", "quantize"] },
  calibrate: { parameters: { data: ["train batch", "held-out"] }, next: ["quantize", "quantize", "prune"] },
  quantize: { parameters: { bits: [4, 8, 16], scheme: ["static", "dynamic", "weight-only"] }, next: ["calibrate", "train"] },
  distill: { parameters: { temperature: [1, 2, 4], epochs: [10, 30] }, next: ["prune", "quantize", "train"] },
};

/** Base models: what they are before anything is done to them. */
const BASES = [
  { id: "resnet50", accuracy: 0.761, size: 97.8e6, latency: 21.4 },
  { id: "mobilenetv2", accuracy: 0.718, size: 13.6e6, latency: 5.2 },
  { id: "resnet18", accuracy: 0.697, size: 44.7e6, latency: 9.6 },
  { id: "efficientnet-b0", accuracy: 0.777, size: 20.5e6, latency: 8.1 },
  { id: "vit-small", accuracy: 0.794, size: 88.2e6, latency: 29.3 },
  { id: "convnext-tiny", accuracy: 0.821, size: 114.4e6, latency: 33.8 },
];

/** As deep as real chains of operations go. */
const MOST_DEPTH = 7;
const FIRST_DAY = Date.UTC(2026, 0, 5, 8);

/**
 * A study of `count` models, as study.json holds it: chains of operations over a few base models, some of them distilled from two
 * parents, some runs repeated, some values missing, each model made some time after its parents.
 * @param {number} count
 * @param {{seed?: number}} how another seed is another study
 * @returns {{title: string, description: string, metrics: object[], operations: object[], models: object[]}}
 */
export function generatedStudy(count, { seed = 1 } = {}) {
  const random = randomNumbers(seed);
  const roots = Math.min(count, BASES.length, 1 + Math.round(count / 80));
  const grown = BASES.slice(0, roots).map((base) => rootModel(base, random));
  const ids = new Set(grown.map((model) => model.id));
  while (grown.length < count) {
    const model = childModel(grown, ids, random);
    ids.add(model.id);
    grown.push(model);
  }
  return {
    title: `Generated study of ${count} ${count === 1 ? "model" : "models"}`,
    description: `Made up, from seed ${seed}.`,
    metrics: METRICS,
    operations: Object.entries(OPERATIONS).map(([name, { parameters }]) => ({ name, parameters: Object.keys(parameters) })),
    models: grown.map((model) => written(model, random)),
  };
}

function rootModel({ id, accuracy, size, latency }, random) {
  const operation = { name: "train", parameters: { epochs: 90, rate: 0.1 } };
  const facts = { accuracy, size, latency, sparsity: 0, bits: 32, gain: 0 };
  return { id, parents: [], operation, facts, depth: 1, made: FIRST_DAY + random.whole(0, 72) * 3_600_000 };
}

function childModel(grown, ids, random) {
  const open = grown.filter((model) => model.depth < MOST_DEPTH);
  // Half of the time near the newest, as people work on; else anywhere.
  const near = open.slice(-Math.max(8, Math.ceil(open.length / 6)));
  const base = random.from(random.share() < 0.5 ? near : open);
  const name = random.from(OPERATIONS[base.operation.name].next);
  const options = Object.entries(OPERATIONS[name].parameters);
  const operation = { name, parameters: Object.fromEntries(options.map(([key, values]) => [key, random.from(values)])) };
  const teacher = name === "distill" ? random.from(grown.filter((model) => model !== base && model.depth <= 2)) : undefined;
  const parents = teacher ? [base, teacher] : [base];
  return {
    id: unused(`${base.id}-${shortName(operation)}`, ids),
    parents: parents.map((parent) => parent.id),
    operation,
    facts: factsAfter(operation, base.facts, teacher?.facts, random),
    depth: base.depth + 1,
    made: Math.max(...parents.map((parent) => parent.made)) + random.whole(1, 400) * 360_000,
  };
}

/** What an operation does to a model, about as it does in reality. */
function factsAfter({ name, parameters }, facts, teacher, random) {
  const wobble = (spread) => (random.share() - 0.5) * spread;
  switch (name) {
    case "prune": {
      const sparsity = 1 - (1 - facts.sparsity) * (1 - parameters.amount);
      const loss = (parameters.method === "gradient" ? 0.12 : 0.2) * sparsity ** 3;
      return { ...facts, sparsity, accuracy: floor(facts.accuracy - loss + wobble(0.01)), size: facts.size * (1 - 0.75 * parameters.amount), gain: wobble(0.06) - 0.02 };
    }
    case "train":
      return { ...facts, accuracy: floor(facts.accuracy + (0.79 - facts.accuracy) * Math.min(0.6, parameters.epochs / 60) + wobble(0.008)), gain: wobble(0.04) };
    case "distill":
      return { ...facts, accuracy: floor(facts.accuracy + Math.max(0, (teacher?.accuracy ?? facts.accuracy) - facts.accuracy) * 0.5 + wobble(0.01)), gain: wobble(0.05) + 0.01 };
    case "quantize": {
      const bits = Math.min(facts.bits, parameters.bits);
      const loss = { 4: 0.05, 8: 0.006, 16: 0 }[parameters.bits];
      return { ...facts, bits, accuracy: floor(facts.accuracy - loss + wobble(0.004)), size: (facts.size * bits) / facts.bits, latency: facts.latency * (bits / facts.bits) ** 0.4, gain: wobble(0.05) - 0.01 };
    }
    default:
      return { ...facts, accuracy: floor(facts.accuracy + 0.01 + wobble(0.006)), gain: 0.02 + wobble(0.02) };
  }
}

function floor(accuracy) {
  return Math.min(0.93, Math.max(0.001, accuracy));
}

/** A model as a study file has it. Energy is missing for one in eight, latency for one in fifty. */
function written({ id, parents, operation, facts, depth, made }, random) {
  const metrics = {
    Accuracy: rounded(facts.accuracy, 5),
    Size: Math.round(facts.size),
    ...(random.share() >= 0.02 && { Latency: rounded(facts.latency * (0.97 + 0.06 * random.share()), 3) }),
    Sparsity: rounded(facts.sparsity, 4),
    ...(random.share() >= 0.125 && { Energy: rounded(facts.latency * 2.1 * (facts.bits / 32) ** 0.5, 2) }),
    ...(depth > 1 && { "Calibration gain": rounded(facts.gain, 4) }),
  };
  const origin = parents.length > 1 ? { parents } : parents.length === 1 ? { base: parents[0] } : {};
  return { id, ...origin, operation, created: new Date(made).toISOString(), metrics };
}

function shortName({ name, parameters }) {
  switch (name) {
    case "prune":
      return `${parameters.method === "gradient" ? "g" : ""}prune${100 * parameters.amount}`;
    case "train":
      return `train${parameters.epochs}`;
    case "quantize":
      return parameters.bits === 16 ? "float16" : `int${parameters.bits}`;
    case "distill":
      return `distill-t${parameters.temperature}`;
    default:
      return "cal";
  }
}

/** The name, or the name with a number where another model has it: the same recipe again, or another setting of it. */
function unused(name, taken) {
  let free = name;
  for (let number = 2; taken.has(free); number += 1) free = `${name}.${number}`;
  return free;
}

function rounded(value, digits) {
  return Number(value.toFixed(digits));
}

/** Mulberry32: a seeded generator of 32 bits, plenty for made-up studies. */
function randomNumbers(seed) {
  let state = seed >>> 0;
  const share = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const whole = (least, below) => least + Math.floor(share() * (below - least));
  return { share, whole, from: (values) => values[whole(0, values.length)] };
}

if (argv[1] === fileURLToPath(import.meta.url)) {
  const { values, positionals } = parseArgs({ allowPositionals: true, options: { seed: { type: "string", default: "1" } } });
  const count = Number(positionals[0]);
  if (!Number.isInteger(count) || count < 1) throw new Error(`how many models? “${positionals[0]}” is no whole number of at least 1`);
  stdout.write(`${JSON.stringify(generatedStudy(count, { seed: Number(values.seed) }), null, 1)}\n`);
}
