// The ONNX worker: onnxruntime-web from bytes that the page hands over, then one run after another.
import { ONNX_ASSETS, type OnnxAnswer, type OnnxQuestion, type OnnxRun, type Tensor, type TensorData, type TensorType } from "../engine/contract.ts";
import { arrivals } from "./arrivals.ts";
import { asDeclared } from "./declared.ts";
import { deferred, settle } from "./deferred.ts";
import { answerFromMemory, BASE, compileStream } from "./fromMemory.ts";
import { OnnxSessions, SESSION_OPTIONS } from "./onnxSessions.ts";
import { serve } from "./serve.ts";
import { WARM_MODEL } from "./warmModel.ts";

const wasm = deferred<WebAssembly.Module>();
const sessions = new OnnxSessions();
const takePart = arrivals(async (id, asset) => {
  if (id === ONNX_ASSETS.wasm) await settle(wasm, compileStream(asset.stream));
  else sessions.add(id, await asset.bytes());
});

serve<OnnxQuestion, OnnxAnswer>(
  async (question) => {
    if (question.kind === "start") await start();
    else if (question.kind === "part") await takePart(question);
    else if (question.kind === "release") sessions.release(question.model);
    else return sessions.has(question.model) ? run(question) : { missing: question.model };
    return null;
  },
  (answer) => (answer && "outputs" in answer ? Object.values(answer.outputs).flatMap(buffersOf) : []),
);

async function start(): Promise<void> {
  answerFromMemory(wasm.promise);
  ort.env.logLevel = "error";
  ort.env.wasm.numThreads = 1; // threads need response headers that a folder does not have
  ort.env.wasm.proxy = false; // this is the worker already
  // Addresses that are answered from memory: the script's own module, and the WebAssembly above.
  ort.env.wasm.wasmPaths = { mjs: `${BASE}onnxruntime.mjs`, wasm: `${BASE}onnxruntime.wasm` };
  // The library starts with its first session; this one makes "ready" mean ready.
  await (await ort.InferenceSession.create(WARM_MODEL, SESSION_OPTIONS)).release();
}

async function run({ model, expose, feeds, fetch }: OnnxRun): Promise<OnnxAnswer> {
  const session = await sessions.get(model, expose);
  const inputs = Object.entries(feeds).map(([name, given]) => {
    const { type, data, dims } = asDeclared(given, session.inputMetadata.find((input) => input.name === name));
    return [name, new ort.Tensor(type, data, dims)] as const;
  });
  const begun = performance.now();
  const results = await session.run(Object.fromEntries(inputs), fetch ?? session.outputNames);
  const milliseconds = performance.now() - begun;
  const outputs = Object.entries(results).map(([name, tensor]) => [name, plain(tensor)] as const);
  return { outputs: Object.fromEntries(outputs), milliseconds };
}

function plain({ type, dims, data }: ort.Tensor): Tensor {
  // Where the browser has Float16Array, onnxruntime-web uses it; the contract is the bits, so that every browser gives the same.
  const bits = type === "float16" && !(data instanceof Uint16Array);
  const view = data as Uint16Array<ArrayBuffer>;
  return { type: type as TensorType, dims, data: bits ? new Uint16Array(view.buffer, view.byteOffset, view.length) : (data as TensorData) };
}

function buffersOf({ data }: Tensor): ArrayBuffer[] {
  // A view into a larger buffer is copied instead: the rest of the buffer may still be in use.
  return ArrayBuffer.isView(data) && data.buffer instanceof ArrayBuffer && data.buffer.byteLength === data.byteLength ? [data.buffer] : [];
}
