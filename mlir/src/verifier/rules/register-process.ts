import type { Operation, Value } from "../../ir/operation.ts";
import type { Check } from "../check.ts";

/** aie.objectfifo.register_process: patterns that are of one length, or one number and as many as the process is long. */
export function verifyRegisterProcess(op: Operation, check: Check): void {
  const [acquire, release, length] = op.operands;
  const rounds = constantInteger(length);
  if (rounds !== undefined && rounds < 1) check.error("process length must be >= 1");
  const sizes = [acquire, release].map(elementCount);
  if (sizes[0] === sizes[1] || sizes.some((size) => size === rounds)) return;
  check.error(
    "Acquire and Release patterns must be of equal length, or longest length of one must be equal to process length of the other",
    { hint: `patterns of ${sizes[0]} and ${sizes[1]} for a process of ${rounds}` },
  );
}

function constantInteger(value: Value | undefined): number | undefined {
  return value?.definingOp?.name === "arith.constant" ? value.definingOp.int("value") : undefined;
}

function elementCount(value: Value | undefined): number | undefined {
  const type = value?.type;
  return type?.kind === "tensor" ? type.shape.reduce<number>((n, size) => n * (size ?? 1), 1) : undefined;
}
