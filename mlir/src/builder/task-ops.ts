import { boolAttr, integerAttr, symbolAttr } from "../ir/attributes.ts";
import { Operation, type Value } from "../ir/operation.ts";
import { i32, index } from "../ir/types.ts";
import { dmaBdOp, endOp, regionOf } from "./aie-ops.ts";

/** One BD of a shim channel that a sequence starts as often as it likes. Offset, four sizes and strides in elements, outermost first. */
interface TaskSpec {
  readonly fifo: { readonly name: string };
  readonly buffer: Value;
  readonly offset?: number;
  readonly sizes: readonly [number, number, number, number];
  readonly strides: readonly [number, number, number, number];
  readonly burstBytes?: number;
  readonly packet?: { readonly type: number; readonly id: number };
  readonly issuesToken: boolean;
}

/** `dma_configure_task_for`. The outermost size is the task's executions: the BD moves the product of the others. */
export function configureTaskOp(task: TaskSpec): Operation {
  const [repeats, ...inner] = task.sizes;
  const bd = dmaBdOp({
    buffer: task.buffer,
    offset: task.offset ?? 0,
    length: inner.reduce((n, size) => n * size, 1),
    dims: task.sizes.map((size, i) => ({ size, stride: task.strides[i] ?? 0 })),
    packet: task.packet && { kind: "packet-info", packetType: task.packet.type, packetId: task.packet.id },
    burstBytes: task.burstBytes ?? 0,
  });
  return new Operation("aiex.dma_configure_task_for", {
    results: [index],
    attributes: {
      alloc: symbolAttr(task.fifo.name),
      issue_token: task.issuesToken ? boolAttr(true) : undefined,
      repeat_count: repeats > 1 ? integerAttr(repeats - 1, i32) : undefined,
    },
    regions: [regionOf([bd, endOp()])],
  });
}

export function taskOp(
  name: "aiex.dma_start_task" | "aiex.dma_await_task" | "aiex.dma_free_task",
  task: Value,
): Operation {
  return new Operation(name, { operands: [task] });
}
