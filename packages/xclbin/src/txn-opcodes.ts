/** Record layouts: version 0.1 (`long`, 64-bit address fields) and 1.0 (`short`). */
export type TxnDialect = "long" | "short";

/** Codes of the operations that have a meaning here. Source: mlir-aie include/aie/Runtime/TxnEncoding.h. */
export const txnOpCodes = {
  write32: 0x00,
  blockwrite: 0x01,
  maskwrite32: 0x03,
  maskpoll32: 0x04,
  noop: 0x05,
  preempt: 0x06,
  loadPdi: 0x08,
  sync: 0x80,
  addressPatch: 0x81,
} as const;

/** Codes from here on carry their size in bytes in their second word. */
export const customOpStart = 0x80;

interface OpFacts {
  readonly name: string;
  /** Words of a record of fixed length. */
  readonly long?: number;
  readonly short?: number;
}

/** Names as in aie-rt, with the record's words where they are fixed. Code 2, BLOCKSET, is never emitted. */
export const txnOpNames: Readonly<Record<number, OpFacts>> = {
  0: { name: "WRITE32", long: 6, short: 3 },
  1: { name: "BLOCKWRITE" },
  2: { name: "BLOCKSET" },
  3: { name: "MASKWRITE", long: 7, short: 4 },
  4: { name: "MASKPOLL", long: 7, short: 4 },
  5: { name: "NOOP", long: 1, short: 1 },
  6: { name: "PREEMPT", long: 1, short: 1 },
  7: { name: "MASKPOLL_BUSY", long: 7, short: 4 },
  8: { name: "LOADPDI", long: 4, short: 4 },
  9: { name: "LOAD_PM_START", long: 2, short: 2 },
  10: { name: "CREATE_SCRATCHPAD", long: 4, short: 4 },
  12: { name: "UPDATE_REG", long: 3, short: 3 },
  128: { name: "TCT" },
  129: { name: "DDR_PATCH" },
  130: { name: "READ_REGS" },
  131: { name: "RECORD_TIMER" },
  132: { name: "MERGE_SYNC" },
};

export function txnOpName(code: number): string {
  return txnOpNames[code]?.name ?? `code 0x${code.toString(16).padStart(2, "0")}`;
}

export function isCustomOp(code: number): boolean {
  return code >= customOpStart;
}
