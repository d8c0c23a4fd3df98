import { DesignError } from "@aiekit/core";
import { tileModels } from "../device-model/tile-model.ts";
import type { Block, Value } from "../ir/operation.ts";
import { bitWidth, memrefElements } from "../ir/types.ts";
import { strictTransferError, type Transfer, touchedElements } from "../lowering/shim-transfer.ts";
import { typeText } from "../printer/attributes.ts";
import type { FifoHandle } from "./handles.ts";
import { dmaWaitOp, memcpyNdOp } from "./npu-ops.ts";

export interface TransferOptions {
  /** Fifo with a shim end: the transfer fills it (shim produces) or drains it (shim consumes). */
  readonly fifo: FifoHandle;
  /** Host buffer: an argument of the sequence. */
  readonly buffer: Value;
  /** BD of the shim tile, 0..15; transfers in flight on one shim tile need different ones. */
  readonly id: number;
  /** Position of the first element in the buffer; 0 when absent. */
  readonly offset?: number;
  /** Four sizes and strides in elements, outermost first. Absent: the whole buffer in order. */
  readonly sizes?: readonly [number, number, number, number];
  readonly strides?: readonly [number, number, number, number];
  /** The end of the transfer can be waited for. Transfers to the host always can. */
  readonly issueToken?: boolean;
}

/** Writes a runtime sequence: what the host's launch makes the shim DMAs do. */
export class SequenceBuilder {
  readonly #name: string;
  readonly #block: Block;
  /** Tokens issued and not waited for, for each fifo. */
  readonly #tokens = new Map<string, number>();

  constructor(name: string, block: Block) {
    this.#name = name;
    this.#block = block;
  }

  /** Queues a transfer between a host buffer and the array. Moves whole objects of the fifo. */
  transfer(options: TransferOptions): void {
    const { fifo, buffer, id, offset = 0 } = options;
    const where = `sequence @${this.#name}: transfer of @${fifo.name}`;
    const type = buffer.type;
    if (type.kind !== "memref" || !this.#block.args.includes(buffer)) {
      throw new DesignError(`${where}: expected an argument of the sequence as buffer, got ${typeText(type)}`);
    }
    const isInput = fifo.producer.kind === "shim";
    if (!isInput && fifo.consumers[0]?.kind !== "shim") {
      throw new DesignError(`${where}: neither end of the fifo is a shim tile`);
    }
    const elements = memrefElements(type) ?? 0;
    const sizes = options.sizes ?? [1, 1, 1, elements];
    const strides = options.strides ?? [0, 0, 0, 1];
    const pattern: Transfer = {
      elementBits: bitWidth(type.element),
      sizes: sizes.toReversed(),
      strides: strides.toReversed(),
    };
    const error = strictTransferError(pattern);
    if (error !== undefined) throw new DesignError(`${where}: ${error}`);
    const { first, end } = touchedElements(pattern, offset);
    if (first < 0 || end > elements) {
      throw new DesignError(`${where}: touches elements ${first}..${end - 1} of a buffer of ${elements} elements`);
    }
    const moved = sizes.reduce((n, s) => n * s, 1);
    const object = memrefElements(fifo.element) ?? 0;
    if (typeText(type.element) !== typeText(fifo.element.element)) {
      throw new DesignError(
        `${where}: buffer of ${typeText(type.element)}, objects of ${typeText(fifo.element.element)}`,
      );
    }
    if (moved % object !== 0) {
      throw new DesignError(`${where}: ${moved} elements are not whole objects of ${object} elements`);
    }
    const { bds } = tileModels.shim.dma;
    if (!Number.isInteger(id) || id < 0 || id >= bds) {
      throw new DesignError(`${where}: expected id 0..${bds - 1}, got ${id}`);
    }
    const hasToken = !isInput || options.issueToken === true;
    if (hasToken) this.#tokens.set(fifo.name, (this.#tokens.get(fifo.name) ?? 0) + 1);
    this.#block.append(
      memcpyNdOp({
        buffer,
        offsets: [0, 0, 0, offset],
        sizes,
        strides,
        metadata: fifo.name,
        id,
        ...(hasToken && { issueToken: true }),
      }),
    );
  }

  /** Waits for the end of the oldest transfer of the fifo that was not waited for. */
  wait(fifo: FifoHandle): void {
    const tokens = this.#tokens.get(fifo.name) ?? 0;
    if (tokens === 0) {
      throw new DesignError(`sequence @${this.#name}: wait for @${fifo.name}: no transfer of it issues a token`, {
        hint: "transfers to the array need issueToken: true",
      });
    }
    this.#tokens.set(fifo.name, tokens - 1);
    this.#block.append(dmaWaitOp(fifo.name));
  }
}
