import type { SimFault } from "@aiekit/host";
import { type Operation, walk } from "@aiekit/mlir";

/** Sequences of the design that start what the sequence that stood still does not. */
export function otherSequences(
  design: Operation,
  { fault, sequence }: { readonly fault: SimFault["fault"]; readonly sequence: string | undefined },
): string[] {
  const { objectFifo } = fault;
  if (objectFifo === undefined || sequence === undefined) return [];
  const found: string[] = [];
  walk(design, (op) => {
    if (op.name !== "aie.runtime_sequence" || op.text("sym_name") === sequence) return;
    let isStarted = false;
    walk(op, (inner) => {
      isStarted ||= inner.text("metadata") === objectFifo || inner.text("alloc") === objectFifo;
    });
    if (isStarted) found.push(`@${op.text("sym_name")}`);
  });
  const [one, ...more] = found;
  if (one === undefined) return [];
  return [
    more.length === 0
      ? `sequence ${one} starts @${objectFifo}, and runs on an array of its own`
      : `sequences ${found.join(" and ")} start @${objectFifo}, and each runs on an array of its own`,
  ];
}
