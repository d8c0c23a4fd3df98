import { DesignError, type DType } from "@aiekit/core";
import { type DeviceModel, type MemRefType, memrefBytes, memrefElements, type Operation } from "@aiekit/mlir";
import { decodeTxn } from "@aiekit/xclbin";
import { type ArgumentUse, argumentUses } from "./argument-uses.ts";

/** One argument of a runtime sequence: an array that host and NPU share. */
export interface SequenceArgument {
  readonly index: number;
  /** Without `%`; `argN` where the design does not name it. */
  readonly name: string;
  readonly dtype: DType;
  /** False for integers of which the design does not say whether they have a sign. */
  readonly signed: boolean;
  readonly shape: readonly number[];
  readonly bytes: number;
  readonly use: ArgumentUse;
}

interface SequenceToRead {
  readonly file: string;
  /** The `aie.runtime_sequence`. */
  readonly sequence: Operation;
  readonly insts: Uint8Array;
  readonly device: DeviceModel;
}

/**
 * What a sequence takes from the host: types from the sequence, directions from the instruction stream, which is what runs.
 * @throws DesignError for an argument that is no array of whole bytes, and for a stream that uses more arguments.
 */
export function sequenceArguments({ file, sequence, insts, device }: SequenceToRead): readonly SequenceArgument[] {
  const values = sequence.regions[0]?.blocks[0]?.args ?? [];
  const uses = argumentUses(insts, device);
  const patched = decodeTxn(insts, "instruction stream").ops.map((op) => (op.op === "addressPatch" ? op.argIndex : -1));
  const highest = patched.reduce((most, argIndex) => Math.max(most, argIndex), -1);
  if (highest >= values.length) {
    throw new DesignError(
      `${file}: the instruction stream uses argument ${highest}, the sequence has ${values.length} argument(s)`,
      {
        hint: "the stream was made from another design or another sequence; or a patch, as of a trace's buffer, names an argument (arg_idx) that the sequence does not declare",
      },
    );
  }
  return values.map((value, index): SequenceArgument => {
    const name = value.name !== undefined && !/^\d/.test(value.name) ? value.name : `arg${index}`;
    const { type } = value;
    if (type.kind !== "memref") throw notAnArray(file, name, type.kind);
    const dtype = elementDType(type);
    const elements = memrefElements(type);
    if (dtype === undefined || elements === null)
      throw notAnArray(file, name, "memref of elements without a .npy type");
    const shape = type.shape.map((dimension) => dimension ?? 0);
    const signed = type.element.kind !== "integer" || type.element.sign !== "signless";
    return { index, name, dtype, signed, shape, bytes: memrefBytes(type), use: uses.get(index) ?? "unused" };
  });
}

/** Signless integers count as signed, which is how C++ kernels mostly see them. */
function elementDType({ element }: MemRefType): DType | undefined {
  if (element.kind === "float")
    return ({ bf16: "bf16", f16: undefined, f32: "f32", f64: "f64" } as const)[element.name];
  if (element.kind !== "integer") return undefined;
  const unsigned = element.sign === "unsigned";
  switch (element.width) {
    case 8:
      return unsigned ? "u8" : "i8";
    case 16:
      return unsigned ? "u16" : "i16";
    case 32:
      return unsigned ? "u32" : "i32";
    case 64:
      return unsigned ? "u64" : "i64";
    default:
      return undefined;
  }
}

function notAnArray(file: string, name: string, got: string): DesignError {
  return new DesignError(
    `${file}: argument %${name} of the runtime sequence: expected a memref of known size of i8 to i64, bf16, f32 or f64, got ${got}`,
  );
}
