import type { Bundle } from "../device-model/ports.ts";
import type { Operation } from "../ir/operation.ts";
import { walk } from "../ir/operation.ts";
import { coordOf, type Device, opsNamed, tileOperand } from "../lowering/device-ops.ts";
import type { StreamGraph } from "./stream-graph.ts";

/** What switches that stand in the design already use. */
interface FixedSwitches {
  readonly wires: ReadonlySet<number>;
  /** By `col,row`. */
  readonly arbiters: ReadonlyMap<string, ReadonlySet<number>>;
}

/** Ports and arbiters of the `aie.switchbox` operations that the design brings along: the router leaves them alone. */
export function readFixedSwitches(device: Device, graph: StreamGraph): FixedSwitches {
  const wires = new Set<number>();
  const arbiters = new Map<string, Set<number>>();
  for (const box of opsNamed(device, "aie.switchbox")) {
    const place = coordOf(tileOperand(box));
    const taken = new Set<number>();
    arbiters.set(`${place.col},${place.row}`, taken);
    walk(box, (op) => {
      const arbiter = op.name === "aie.amsel" ? op.int("arbiterID") : undefined;
      if (arbiter !== undefined) taken.add(arbiter);
      const slave = portOf(op, "source");
      const master = portOf(op, "dest");
      const into = slave && graph.wireInto({ ...place, ...slave });
      const from = master && graph.wireFrom({ ...place, ...master });
      for (const wire of [into, from]) if (wire) wires.add(wire.index);
    });
  }
  return { wires, arbiters };
}

function portOf(op: Operation, end: "source" | "dest"): { bundle: Bundle; channel: number } | undefined {
  const bundle = op.text(`${end}_bundle`);
  return bundle === undefined ? undefined : { bundle: bundle as Bundle, channel: op.int(`${end}_channel`) ?? 0 };
}
