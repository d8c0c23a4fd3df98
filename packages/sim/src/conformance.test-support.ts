import { readdirSync, readFileSync } from "node:fs";
import { memrefBytes, type Operation, parseModule, walk } from "@aiekit/mlir";
import { AieArray } from "./aie-array.ts";
import { loadArrayConfig } from "./load-array-config.ts";
import { bytesOf } from "./lowered-design.test-support.ts";

const folder = new URL("../../../mlir/fixtures/conformance/", import.meta.url);

/**
 * A design as mlir-aie of March 2026 lowered it: `addresses` before routing, `physical` with switchboxes. Its instruction
 * stream is mlir-aie's too.
 */
export function conformanceDesign(name: string, form: "addresses" | "physical" = "addresses") {
  const file = `${name}.${form}.mlir`;
  const module = parseModule(readFileSync(new URL(file, folder), "utf8"), file);
  const config = loadArrayConfig(module);
  const array = new AieArray(config, new Map());
  const insts = new Uint8Array(readFileSync(new URL(`${name}.insts.bin`, folder)));
  return {
    config,
    array,
    bufferBytes: sequenceBufferBytes(module),
    run: (...buffers: readonly ArrayBufferView[]) => array.run({ insts, buffers: buffers.map(bytesOf) }),
  };
}

/** Names of the designs that have an instruction stream. */
export function sequenceDesigns(): string[] {
  const ending = ".insts.bin";
  const names = readdirSync(folder).flatMap((file) => (file.endsWith(ending) ? [file.slice(0, -ending.length)] : []));
  return names.filter((name) => !name.includes("."));
}

/** Bytes of the arguments of the first runtime sequence. */
function sequenceBufferBytes(module: Operation): number[] {
  const sequences: Operation[] = [];
  walk(module, (op) => {
    if (op.name === "aie.runtime_sequence") sequences.push(op);
  });
  const args = sequences[0]?.regions[0]?.blocks[0]?.args ?? [];
  return args.map((arg) => (arg.type.kind === "memref" ? memrefBytes(arg.type) : 0));
}
