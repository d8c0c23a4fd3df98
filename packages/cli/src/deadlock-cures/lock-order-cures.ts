import type { SimFault } from "@aiekit/host";
import { type Operation, walk } from "@aiekit/mlir";
import type { Cure } from "./wait-cures.ts";

/** Where cores of the circle keep locks from each other: one of them takes the lock that it lacks before the one that it has. */
export function lockOrderCures(design: () => Operation, { waitLocks = [] }: SimFault["fault"]): Cure[] {
  const held = waitLocks.filter(({ isHeld }) => isHeld);
  return held.flatMap(({ agent, lock: lacked }, i) => {
    // What it has is what the one before it in the circle waits for.
    const has = held.at(i - 1)!.lock;
    const root = design();
    const [first, second] = [has, lacked].map((lock) => acquireOf(root, agent, lock));
    const block = first?.parent;
    if (!first || !second || !block || second.parent !== block) return [];
    if (block.ops.indexOf(first) > block.ops.indexOf(second)) return [];
    block.remove(second);
    block.insertBefore(first, second);
    const line = first.loc ? ` (line ${first.loc.line})` : "";
    return [{ design: root, says: `${agent} takes lock ${lacked} before lock ${has}${line}` }];
  });
}

/** The first acquire of a lock in a core's body. */
function acquireOf(design: Operation, agent: string, lock: string): Operation | undefined {
  let found: Operation | undefined;
  walk(design, (op) => {
    if (op.name !== "aie.core") return;
    const tile = op.operands[0]?.definingOp;
    if (`core (${tile?.int("col")},${tile?.int("row")})` !== agent) return;
    walk(op, (use) => {
      const isIt = use.name === "aie.use_lock" && (use.text("action") ?? "").startsWith("Acquire");
      if (isIt && use.operands[0]?.definingOp?.text("sym_name") === lock) found ??= use;
    });
  });
  return found;
}
