// Protobuf messages that are concatenated are merged. So a model's bytes followed by those of
//
//     ModelProto { graph { output { name } … } }
//
// are the same model with more outputs: no parsing of a large file, no rewriting of a graph.
const MODEL_GRAPH = 7;
const GRAPH_OUTPUT = 12;
const VALUE_INFO_NAME = 1;

/** The bytes that, appended to a model, expose the named tensors as outputs. */
export function exposeSuffix(names: readonly string[]): Uint8Array<ArrayBuffer> {
  if (names.length === 0) return new Uint8Array();
  const text = new TextEncoder();
  const outputs = names.map((name) => field(GRAPH_OUTPUT, field(VALUE_INFO_NAME, text.encode(name))));
  return new Uint8Array(field(MODEL_GRAPH, outputs.flat()));
}

/** Names of the graph's outputs; exposing one of them again would define it twice. */
export function graphOutputs(model: Uint8Array): string[] {
  const names: string[] = [];
  for (const graph of fields(model, MODEL_GRAPH)) {
    for (const output of fields(graph, GRAPH_OUTPUT)) {
      for (const name of fields(output, VALUE_INFO_NAME)) names.push(new TextDecoder().decode(name));
    }
  }
  return names;
}

/** A length-delimited field: key, length, content. */
function field(number: number, content: ArrayLike<number>): number[] {
  return [...varint((number << 3) | 2), ...varint(content.length), ...Array.from(content)];
}

function varint(value: number): number[] {
  const bytes = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** The contents of every length-delimited field of one number in a message; other fields are stepped over. */
function* fields(message: Uint8Array, wanted: number): Generator<Uint8Array> {
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 1; ; shift *= 128) {
      const byte = message[at++];
      if (byte === undefined) throw new Error("the model file ends in the middle of a field");
      // Multiplied, not shifted: lengths of large models pass 31 bits.
      value += (byte & 0x7f) * shift;
      if (byte < 0x80) return value;
    }
  };
  while (at < message.length) {
    const key = read();
    const wire = key % 8;
    if (wire === 0) read();
    else if (wire === 1) at += 8;
    else if (wire === 5) at += 4;
    else if (wire === 2) {
      const length = read();
      if (Math.floor(key / 8) === wanted) yield message.subarray(at, at + length);
      at += length;
    } else throw new Error("the model file is not a protobuf message");
  }
}
