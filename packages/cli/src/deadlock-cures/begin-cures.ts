import type { SimFault } from "@aiekit/host";
import { i32, integerAttr, type Operation, walk } from "@aiekit/mlir";
import type { Cure } from "./wait-cures.ts";

/**
 * Where the circle waits for locks of the design's own that began at 0: one of them begins at 1. That of a writer first, for
 * a reader that goes ahead reads what nobody wrote.
 */
export function beginCures(design: () => Operation, { waitLocks = [] }: SimFault["fault"]): Cure[] {
  const began = waitLocks.filter(({ init, isHeld }) => init === 0 && !isHeld);
  const isWriter = (agent: string): boolean => agent.includes("S2MM");
  const ordered = began.toSorted((a, b) => Number(isWriter(b.agent)) - Number(isWriter(a.agent)));
  return ordered.flatMap(({ lock }) => {
    const root = design();
    let isFound = false;
    walk(root, (op) => {
      if (op.name !== "aie.lock" || op.text("sym_name") !== lock) return;
      op.attributes.set("init", integerAttr(1, i32));
      isFound = true;
    });
    return isFound ? [{ design: root, says: `lock ${lock} begins at 1 in place of 0 (init)`, checked: true }] : [];
  });
}
