import { ProtoMessage } from "./protobuf.ts";

// Field numbers and codes: onnx/onnx.proto of ONNX 1.16, which has the operators of opset 20.

/** Element types and their codes in TensorProto.DataType. */
const onnxTypes = { f32: 1, u8: 2, i8: 3, i32: 6, i64: 7 } as const;
type OnnxType = keyof typeof onnxTypes;

/** A size, or the name of one that is known at run time. */
type Dimension = number | string;
type Attribute = number | string | readonly number[] | { readonly float: number };

/** A constant whose values are read when the file is written. */
interface OnnxConstant {
  readonly name: string;
  readonly type: OnnxType;
  readonly dims: readonly number[];
  readonly read: () => Promise<Uint8Array>;
}

interface NodeOptions {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Names for the results; one of its own where left out. An empty name leaves one out. */
  readonly outputs?: readonly string[];
}

const opset = 20;
const irVersion = 10;
/** Domain of onnxruntime's own operators. */
const contributed = "com.microsoft";

/** Builds a graph, node by node in the order in which they run. Values are named; an operator gives the name of its result. */
export class OnnxGraph {
  readonly constants: OnnxConstant[] = [];
  readonly #nodes: ProtoMessage[] = [];
  readonly #inputs: ProtoMessage[] = [];
  readonly #outputs: ProtoMessage[] = [];
  readonly #names = new Map<string, string>();

  input(name: string, type: OnnxType, dims: readonly Dimension[]): string {
    this.#inputs.push(valueInfo(name, type, dims));
    return name;
  }

  output(name: string, type: OnnxType, dims: readonly Dimension[]): void {
    this.#outputs.push(valueInfo(name, type, dims));
  }

  /** A constant; one of the same name is taken again. */
  constant(constant: OnnxConstant): string {
    if (!this.#names.has(constant.name)) this.constants.push(constant);
    this.#names.set(constant.name, constant.name);
    return constant.name;
  }

  /** int64 numbers, as shapes and axes are. */
  ints(...values: number[]): string {
    const array = BigInt64Array.from(values, BigInt);
    const read = async () => new Uint8Array(array.buffer);
    return this.constant({ name: `ints ${values.join(" ")}`, type: "i64", dims: [values.length], read });
  }

  floats(...values: number[]): string {
    const read = async () => new Uint8Array(Float32Array.from(values).buffer);
    return this.constant({ name: `floats ${values.join(" ")}`, type: "f32", dims: [values.length], read });
  }

  /** A node of the standard; returns its first result. */
  op(type: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.#node("", type, inputs, options);
  }

  /** A node that only onnxruntime has. */
  contributedOp(type: string, inputs: readonly string[], options: NodeOptions = {}): string {
    return this.#node(contributed, type, inputs, options);
  }

  /** The model, with `stored` in place of its constants. */
  encoded(name: string, stored: readonly ProtoMessage[]): Uint8Array {
    const graph = new ProtoMessage().string(2, name);
    for (const node of this.#nodes) graph.message(1, node);
    for (const constant of stored) graph.message(5, constant);
    for (const input of this.#inputs) graph.message(11, input);
    for (const output of this.#outputs) graph.message(12, output);
    return new ProtoMessage()
      .int(1, irVersion)
      .string(2, "aiekit")
      .message(7, graph)
      .message(8, new ProtoMessage().string(1, "").int(2, opset))
      .message(8, new ProtoMessage().string(1, contributed).int(2, 1))
      .encoded();
  }

  #node(domain: string, type: string, inputs: readonly string[], { attributes = {}, outputs }: NodeOptions): string {
    const results = outputs ?? [`${type} ${this.#nodes.length}`];
    const node = new ProtoMessage();
    for (const input of inputs) node.string(1, input);
    for (const result of results) node.string(2, result);
    node.string(3, `${type} ${this.#nodes.length}`).string(4, type);
    for (const [name, value] of Object.entries(attributes)) node.message(5, attribute(name, value));
    if (domain !== "") node.string(7, domain);
    this.#nodes.push(node);
    return results[0]!;
  }
}

/** TensorProto with its values in itself, or at an offset of another file beside the model's. */
export function storedConstant(
  { name, type, dims }: OnnxConstant,
  values: Uint8Array | { readonly file: string; readonly offsetBytes: number; readonly sizeBytes: number },
): ProtoMessage {
  const tensor = new ProtoMessage();
  for (const size of dims) tensor.int(1, size);
  tensor.int(2, onnxTypes[type]).string(8, name);
  if (values instanceof Uint8Array) return tensor.bytes(9, values);
  const { file, offsetBytes, sizeBytes } = values;
  const entries = { location: file, offset: String(offsetBytes), length: String(sizeBytes) };
  for (const [key, value] of Object.entries(entries)) {
    tensor.message(13, new ProtoMessage().string(1, key).string(2, value));
  }
  return tensor.int(14, 1);
}

function valueInfo(name: string, type: OnnxType, dims: readonly Dimension[]): ProtoMessage {
  const shape = new ProtoMessage();
  for (const size of dims) {
    shape.message(1, typeof size === "number" ? new ProtoMessage().int(1, size) : new ProtoMessage().string(2, size));
  }
  const tensor = new ProtoMessage().int(1, onnxTypes[type]).message(2, shape);
  return new ProtoMessage().string(1, name).message(2, new ProtoMessage().message(1, tensor));
}

/** Codes of AttributeProto.AttributeType: FLOAT 1, INT 2, STRING 3, INTS 7. */
function attribute(name: string, value: Attribute): ProtoMessage {
  const message = new ProtoMessage().string(1, name);
  if (typeof value === "number") return message.int(3, value).int(20, 2);
  if (typeof value === "string") return message.string(4, value).int(20, 3);
  if ("float" in value) return message.float(2, value.float).int(20, 1);
  for (const one of value) message.int(8, one);
  return message.int(20, 7);
}
