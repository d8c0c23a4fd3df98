import { existsSync, readdirSync, readFileSync } from "node:fs";
import { bitWidth, lowerDesign, memrefBytes, type Operation, parseModule, walk } from "@aiekit/mlir";
import { AieArray } from "./aie-array.ts";
import type { AieArrayOptions } from "./array-options.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { bytesOf, insts } from "./lowered-design.test-support.ts";

const folder = new URL("../../../mlir/fixtures/conformance/", import.meta.url);

/** `addresses` and `physical`: as mlir-aie of March 2026 lowered and routed the design. `ours`: as this project lowers it. */
export const forms = ["addresses", "physical", "ours"] as const;
export type Form = (typeof forms)[number];

/** Elements of a memory as numbers: signed integers, and the bits of floats. */
export type Elements = Int8Array | Int16Array | Uint16Array | Int32Array;

/** A design in one of its forms, with the instruction stream that mlir-aie made for it, where it has a runtime sequence. */
export function conformanceDesign(
  name: string,
  form: Form = "addresses",
  { device, ...options }: AieArrayOptions & { readonly device?: string } = {},
) {
  const file = form === "ours" ? `${name}.mlir` : `${name}.${form}.mlir`;
  const parsed = parseModule(readFileSync(new URL(file, folder), "utf8"), file);
  const module = form === "ours" ? lowerDesign(parsed).module : parsed;
  const config = loadArrayConfig(module, device === undefined ? {} : { device });
  const array = new AieArray(config, new Map(), options);
  const stream = new URL(`${name}.insts.bin`, folder);
  const given = existsSync(stream) ? new Uint8Array(readFileSync(stream)) : insts();
  return {
    config,
    array,
    insts: given,
    /** Arrays for the arguments of the runtime sequence, of its types, zeroed. */
    newArguments: (): Elements[] => sequenceArguments(module).map(newElements),
    bufferBytes: sequenceArguments(module).map((type) => (type.kind === "memref" ? memrefBytes(type) : 0)),
    run: (...buffers: readonly ArrayBufferView[]) => array.run({ insts: given, buffers: buffers.map(bytesOf) }),
  };
}

/** Names of the designs that were routed. */
export function routedDesigns(): string[] {
  return namesBefore(".physical.mlir");
}

/** Names of the designs that have an instruction stream. */
export function sequenceDesigns(): string[] {
  return namesBefore(".insts.bin").filter((name) => !name.includes("."));
}

function namesBefore(ending: string): string[] {
  return readdirSync(folder).flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : []));
}

type ValueType = Operation["result"]["type"];

/** Types of the arguments of the first runtime sequence. */
function sequenceArguments(module: Operation): ValueType[] {
  const sequences: Operation[] = [];
  walk(module, (op) => {
    if (op.name === "aie.runtime_sequence") sequences.push(op);
  });
  return (sequences[0]?.regions[0]?.blocks[0]?.args ?? []).map((arg) => arg.type);
}

function newElements(type: ValueType): Elements {
  if (type.kind !== "memref") return new Int32Array(0);
  const size = bitWidth(type.element) / 8;
  const count = memrefBytes(type) / size;
  if (size === 1) return new Int8Array(count);
  if (size === 2) return type.element.kind === "float" ? new Uint16Array(count) : new Int16Array(count);
  return new Int32Array(count);
}
