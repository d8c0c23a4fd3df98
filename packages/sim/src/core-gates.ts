import type { Operation } from "@aiekit/mlir";
import { cascadeBytes } from "./cascade.ts";
import { type CoreEmitter, unsupported } from "./core-emitter.ts";
import { loadedElement, storedElement, viewName } from "./core-memref.ts";
import { arrayName, vectorType } from "./core-vector.ts";
import { badOp } from "./ir-read.ts";

/** Emits what a core sends and receives without its DMA: stream ports and the cascade. False for other operations. */
export function emitGates(op: Operation, emitter: CoreEmitter): boolean {
  const emit = gateOps[op.name];
  if (emit === undefined) return false;
  emitter.passTime();
  emit(op, emitter);
  emitter.cost(1);
  return true;
}

const gateOps: Readonly<Record<string, (op: Operation, emitter: CoreEmitter) => void>> = {
  "aie.put_stream": (op, emitter) => {
    const gate = passed(emitter, `rt.outputPort(${emitter.use(op, 0)})`, "room");
    emitter.line(`${gate}.put(${wordOf(op, emitter.use(op, 1))});`);
  },
  "aie.get_stream": (op, emitter) => {
    const gate = passed(emitter, `rt.inputPort(${emitter.use(op, 0)})`, "arrived");
    emitter.set(op.result, fromWord(op, `${gate}.take()`));
  },
  "aie.put_cascade": (op, emitter) => {
    const { view, element, count } = cascadeValue(op, op.operands[0]!.type);
    const gate = passed(emitter, "rt.cascade.output", "room");
    const value = storedElement(element, `${emitter.use(op, 0)}[e]`);
    emitter.line(`for (let e = 0; e < ${count}; e++) rt.cascadeViews.${view}[e] = ${value};`);
    emitter.line(`${gate}.put(rt.cascadeValue);`);
  },
  "aie.get_cascade": (op, emitter) => {
    const { view, element, count } = cascadeValue(op, op.result.type);
    const gate = passed(emitter, "rt.cascade.input", "arrived");
    const result = emitter.variable(op.result);
    emitter.line(`rt.cascadeValue.set(${gate}.take());`);
    emitter.line(`${result} = new ${arrayName(op, element)}(${count});`);
    emitter.line(
      `for (let e = 0; e < ${count}; e++) ${result}[e] = ${loadedElement(op, element, `rt.cascadeViews.${view}[e]`)};`,
    );
  },
};

/** Waits until the gate is open. Variable that holds it. */
function passed(emitter: CoreEmitter, gate: string, test: "room" | "arrived"): string {
  const name = emitter.local();
  emitter.line(`${name} = ${gate};`);
  emitter.line(`if (!${name}.${test}(rt.user)) { rt.cycles = 0; rt.gate = ${name}; yield; }`);
  return name;
}

function wordOf(op: Operation, value: string): string {
  const { type } = op.operands[1]!;
  if (type.kind === "integer" && type.width <= 32) return value;
  if (type.kind === "float" && type.name === "f32") return `rt.floatBits(${value})`;
  throw unsupported(op, type.kind);
}

function fromWord(op: Operation, word: string): string {
  const { type } = op.result;
  if (type.kind === "integer" && type.width === 32) return `${word} | 0`;
  if (type.kind === "float" && type.name === "f32") return `rt.bitsFloat(${word} | 0)`;
  throw unsupported(op, type.kind);
}

function cascadeValue(op: Operation, type: Operation["result"]["type"]) {
  const { element, shape } = vectorType(op, type);
  const count = shape.reduce((n, size) => n * size, 1);
  const bits =
    element.kind === "integer" ? element.width : element.kind === "float" && element.name === "bf16" ? 16 : 32;
  if (count * bits !== cascadeBytes * 8) throw badOp(op, `expected ${cascadeBytes * 8} bits, got ${count * bits}`);
  return { view: viewName(op, element), element, count };
}
