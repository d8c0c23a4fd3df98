import { DesignError } from "@aiekit/core";
import { lockMaxValue, tileModels } from "../device-model/tile-model.ts";
import type { Block } from "../ir/operation.ts";
import { memrefElements } from "../ir/types.ts";
import { typeText } from "../printer/attributes.ts";
import type { BufferHandle, FifoHandle, LockHandle, ShimChannelHandle, TaskHandle } from "./handles.ts";
import { checkTransfer, isInput, type TransferPattern } from "./host-transfer.ts";
import { dmaWaitOp, memcpyNdOp, rtpWriteOp, setLockOp } from "./npu-ops.ts";
import { configureTaskOp, taskOp } from "./task-ops.ts";

export interface TransferOptions extends TransferPattern {
  /** BD of the shim tile, 0..15; transfers in flight on one shim tile need different ones. */
  readonly id: number;
  /** The end of the transfer can be waited for. Transfers to the host always can. */
  readonly issueToken?: boolean;
}

export interface TaskOptions extends TransferPattern {
  /** The end of the task can be waited for. */
  readonly issueToken?: boolean;
}

/** Writes a runtime sequence: what the host's launch makes the shim DMAs do. */
export class SequenceBuilder {
  readonly #name: string;
  readonly #block: Block;
  /** Tokens issued and not waited for, for each fifo. */
  readonly #tokens = new Map<string, number>();
  /** Elements that parts of objects brought, for each fifo that has such transfers. */
  readonly #parts = new Map<FifoHandle, number>();
  /** Tasks that are configured and neither awaited nor freed. */
  readonly #tasks = new Set<TaskHandle>();

  constructor(name: string, block: Block) {
    this.#name = name;
    this.#block = block;
  }

  /** Queues a transfer between a host buffer and the array. Moves whole objects of the fifo. */
  transfer(options: TransferOptions): void {
    const { fifo, buffer, id, offset = 0, burstBytes, packet } = options;
    const where = `sequence @${this.#name}: transfer of @${fifo.name}`;
    const { sizes, strides } = checkTransfer(options, this.#block.args, where);
    if (options.fillsPart === true && "element" in fifo) {
      const moved = sizes.reduce((product, size) => product * size, 1);
      this.#parts.set(fifo, (this.#parts.get(fifo) ?? 0) + moved);
    }
    const { bds } = tileModels.shim.dma;
    if (!Number.isInteger(id) || id < 0 || id >= bds) {
      throw new DesignError(`${where}: expected id 0..${bds - 1}, got ${id}`);
    }
    const hasToken = !isInput(fifo, where) || options.issueToken === true;
    if (hasToken) this.#tokens.set(fifo.name, (this.#tokens.get(fifo.name) ?? 0) + 1);
    this.#block.append(
      memcpyNdOp({
        buffer,
        offsets: [0, 0, 0, offset],
        sizes,
        strides,
        metadata: fifo.name,
        id,
        burstBytes,
        packet,
        ...(hasToken && { issueToken: true }),
      }),
    );
  }

  /** Waits for the end of the oldest transfer of the fifo that was not waited for. */
  wait(fifo: FifoHandle | ShimChannelHandle): void {
    const tokens = this.#tokens.get(fifo.name) ?? 0;
    if (tokens === 0) {
      throw new DesignError(`sequence @${this.#name}: wait for @${fifo.name}: no transfer of it issues a token`, {
        hint: "transfers to the array need issueToken: true",
      });
    }
    this.#tokens.set(fifo.name, tokens - 1);
    this.#block.append(dmaWaitOp(fifo.name));
  }

  /** Configures a transfer without starting it. BD numbers are given out by the lowering until await or free. */
  configure(options: TaskOptions): TaskHandle {
    const where = `sequence @${this.#name}: task of @${options.fifo.name}`;
    const { sizes, strides } = checkTransfer(options, this.#block.args, where);
    const issuesToken = options.issueToken ?? false;
    const op = this.#block.append(configureTaskOp({ ...options, sizes, strides, issuesToken }));
    const task: TaskHandle = { value: op.result, issuesToken };
    this.#tasks.add(task);
    return task;
  }

  /** Queues the task on its channel; more than once is possible. */
  start(task: TaskHandle): void {
    this.#expectTask(task, "start");
    this.#block.append(taskOp("aiex.dma_start_task", task.value));
  }

  /** Waits for the end of a task; its BDs are free afterwards. */
  await(task: TaskHandle): void {
    this.#expectTask(task, "await");
    if (!task.issuesToken) {
      throw new DesignError(`sequence @${this.#name}: await of a task that issues no token`, {
        hint: "configure it with issueToken: true",
      });
    }
    this.#tasks.delete(task);
    this.#block.append(taskOp("aiex.dma_await_task", task.value));
  }

  /** Gives the task's BDs back without waiting. It must have ended by other means. */
  free(task: TaskHandle): void {
    this.#expectTask(task, "free");
    this.#tasks.delete(task);
    this.#block.append(taskOp("aiex.dma_free_task", task.value));
  }

  /** Writes a 32-bit word of a buffer in the array, a run-time parameter. The core that reads it is not told. */
  writeParameter(buffer: BufferHandle, index: number, value: number): void {
    const where = `sequence @${this.#name}: parameter ${index} of @${buffer.name}`;
    const elements = memrefElements(buffer.type) ?? 0;
    if (typeText(buffer.type.element) !== "i32" && typeText(buffer.type.element) !== "f32") {
      throw new DesignError(`${where}: parameters are 32-bit words, the buffer has ${typeText(buffer.type.element)}`);
    }
    if (!Number.isInteger(index) || index < 0 || index >= elements) {
      throw new DesignError(`${where}: the buffer has elements 0..${elements - 1}`);
    }
    if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 32) {
      throw new DesignError(`${where}: ${value} is not a 32-bit integer`);
    }
    this.#block.append(rtpWriteOp(buffer.name, index, value));
  }

  /** Sets a lock, whatever it was, for example to let a core read its parameters. */
  setLock(lock: LockHandle, value: number): void {
    if (!Number.isInteger(value) || value < 0 || value > lockMaxValue) {
      throw new DesignError(
        `sequence @${this.#name}: lock @${lock.name}: expected a value 0..${lockMaxValue}, got ${value}`,
      );
    }
    this.#block.append(setLockOp(lock.value, value));
  }

  /** @throws DesignError when transfers that fill parts of objects leave one unfilled: the array would wait for the rest. */
  expectFilledObjects(): void {
    for (const [{ name, element }, moved] of this.#parts) {
      const object = memrefElements(element) ?? 0;
      if (moved % object === 0) continue;
      throw new DesignError(
        `sequence @${this.#name}: transfers of @${name} that fill objects together have ${moved} elements: expected whole objects of ${object}`,
        { hint: `${object - (moved % object)} more elements fill the last one` },
      );
    }
  }

  #expectTask(task: TaskHandle, what: string): void {
    if (this.#tasks.has(task)) return;
    throw new DesignError(
      `sequence @${this.#name}: ${what} of a task that was awaited or freed, or is another sequence's`,
    );
  }
}
