import { UsageError } from "@aiekit/core";

/** An argument of a kernel that is to be declared in an xclbin. */
export interface XclbinArg {
  readonly name: string;
  /** GLOBAL arguments are buffers in `memory`; SCALAR ones are passed by value. */
  readonly qualifier: "SCALAR" | "GLOBAL";
  /** C type as xclbinutil knows it: `uint64_t`, `uint32_t`, `char *`, `void*`. */
  readonly type: string;
  /** Tag of the memory bank of a buffer. */
  readonly memory?: "HOST" | "SRAM";
}

/** The signature that hosts expect of an NPU kernel: opcode (3), instruction buffer, its words, then bo0, bo1, ... */
export function npuKernelArgs(bufferCount: number): readonly XclbinArg[] {
  const buffers = Array.from({ length: bufferCount }, (_, i): XclbinArg => {
    return { name: `bo${i}`, qualifier: "GLOBAL", type: "void*", memory: "HOST" };
  });
  return [
    { name: "opcode", qualifier: "SCALAR", type: "uint64_t" },
    { name: "instr", qualifier: "GLOBAL", type: "char *", memory: "SRAM" },
    { name: "ninstr", qualifier: "SCALAR", type: "uint32_t" },
    ...buffers,
  ];
}

/** Bytes that an argument takes in the command's register map; pointers are 64-bit. */
export function argSizeBytes({ name, type }: XclbinArg): number {
  const sizes: Readonly<Record<string, number>> = {
    uint64_t: 8,
    int64_t: 8,
    uint32_t: 4,
    int32_t: 4,
    float: 4,
    double: 8,
  };
  const size = type.trimEnd().endsWith("*") ? 8 : sizes[type];
  if (size !== undefined) return size;
  throw new UsageError(`xclbin: argument ${name}: expected a pointer or ${Object.keys(sizes).join(", ")}, got ${type}`);
}

/** Places in the command's register map, as text of kernels.json and EMBEDDED_METADATA: one after the other, no gaps. */
export function argOffsets(args: readonly XclbinArg[]): readonly string[] {
  let offsetBytes = 0;
  return args.map((arg) => {
    const offset = `0x${offsetBytes.toString(16).padStart(2, "0")}`;
    offsetBytes += argSizeBytes(arg);
    return offset;
  });
}
