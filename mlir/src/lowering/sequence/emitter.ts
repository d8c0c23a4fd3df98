import { DesignError } from "@aiekit/core";
import {
  addressPatchOp,
  blockWriteOp,
  getGlobalOp,
  maskWrite32Op,
  wordsGlobalOp,
  write32Op,
} from "../../builder/npu-ops.ts";
import { tileModel } from "../../device-model/device-model.ts";
import type { TileCoord } from "../../device-model/neighbours.ts";
import {
  bdOffset,
  channelControlOffset,
  controllerIdMask,
  controllerIdShift,
  taskQueueRegisterOffset,
  taskQueueWord,
  tileAddress,
} from "../../device-model/registers.ts";
import type { DmaDirection } from "../../device-model/tile-model.ts";
import type { Block, Location, Operation } from "../../ir/operation.ts";
import { i32, type MemRefType } from "../../ir/types.ts";
import { controllerId } from "../controller-ids.ts";
import { type Device, opsNamed, placeText } from "../device-ops.ts";
import { type BdFields, bdAddressField, bdWords } from "./bd-words.ts";

/** Host memory that a value of a sequence stands for: an argument of the launch and a place in it. */
export interface HostMemory {
  readonly argIndex: number;
  readonly offsetBytes: number;
}

/** Where the memory of a BD is; `addressBytes` as the DMA sees it. */
export type BdMemory = { readonly host: HostMemory } | { readonly addressBytes: number };

/** One channel of one tile. */
export interface ChannelRef {
  readonly place: TileCoord;
  readonly direction: DmaDirection;
  readonly channel: number;
}

/** Writes the lowered operations of one sequence, and the constants they need in its device. */
export class Emitter {
  readonly device: Device;
  readonly #block: Block;
  /** Device that the sequence stands in, where its constants go. */
  readonly #constants: Device;

  constructor(device: Device, block: Block, constants: Device = device) {
    this.device = device;
    this.#block = block;
    this.#constants = constants;
  }

  /** The operation that was emitted last. */
  last(): Operation | undefined {
    return this.#block.ops.at(-1);
  }

  append(op: Operation): void {
    this.#block.append(op);
  }

  /** Goes on writing into the same sequence with the tiles of another device. */
  inDevice(device: Device): Emitter {
    return new Emitter(device, this.#block, this.#constants);
  }

  /** Writes all words of a BD and then its address. */
  writeBd(place: TileCoord, fields: BdFields, memory: BdMemory | undefined, loc?: Location): void {
    const { col, row } = place;
    const model = tileModel(this.device.model, col, row);
    const words = bdWords(model.kind, fields);
    this.#writeWords(words, tileAddress(col, row, bdOffset(model, fields.bd)), loc);
    if (memory === undefined) return;
    const field = bdAddressField(model.kind, fields.bd);
    const address = tileAddress(col, row, field.offset);
    if ("host" in memory) {
      if (model.kind !== "shim") {
        throw new DesignError(
          `tile ${placeText(place)}: DDR memory (runtime input arguments) can only be referred to on shim tiles.`,
        );
      }
      const { argIndex, offsetBytes } = memory.host;
      this.append(addressPatchOp({ address, argIndex, argPlus: offsetBytes }, loc));
      return;
    }
    const value = (memory.addressBytes / 4) << field.shift;
    this.append(maskWrite32Op({ address, mask: field.mask, value, loc }));
  }

  /** Starts a BD. A push that asks for a token first says who gets it. */
  pushQueue(
    at: ChannelRef,
    push: { readonly bd: number; readonly repeat: number; readonly token: boolean },
    loc?: Location,
  ): void {
    const { col, row } = at.place;
    const model = tileModel(this.device.model, col, row);
    const controller = controllerId(this.device, at.place);
    if (push.token && controller !== undefined) {
      this.append(
        maskWrite32Op({
          address: tileAddress(col, row, channelControlOffset(model, at.direction, at.channel)),
          mask: controllerIdMask,
          value: controller << controllerIdShift,
          loc,
        }),
      );
    }
    const bdBits = model.kind === "memtile" ? 0x3f : 0xf;
    this.append(
      write32Op({
        address: tileAddress(col, row, taskQueueRegisterOffset(model, at.direction, at.channel)),
        value: taskQueueWord({ ...push, bd: push.bd & bdBits }),
        loc,
      }),
    );
  }

  /** A block of words through a constant of the device; equal blocks share one. */
  #writeWords(words: readonly number[], address: number, loc: Location | undefined): void {
    const type: MemRefType = { kind: "memref", shape: [words.length], element: i32 };
    const get = getGlobalOp(this.#globalOf(words), type);
    this.append(get);
    this.append(blockWriteOp(get.result, address, loc));
  }

  #globalOf(words: readonly number[]): string {
    const signed = words.map((w) => BigInt(w | 0));
    const globals = opsNamed(this.#constants, "memref.global");
    const same = globals.find((g) => {
      const data = g.attributes.get("initial_value");
      const name = g.text("sym_name") ?? "";
      if (data?.kind !== "dense" || !name.startsWith("blockwrite_data_")) return false;
      const values = data.splat ? words.map(() => data.values[0]) : data.values;
      return values.length === signed.length && values.every((v, i) => v === signed[i]);
    });
    if (same) return same.text("sym_name") ?? "";
    const names = new Set(globals.map((g) => g.text("sym_name")));
    let number = 0;
    while (names.has(`blockwrite_data_${number}`)) number++;
    const global = wordsGlobalOp(`blockwrite_data_${number}`, words);
    const [firstSequence] = opsNamed(this.#constants, "aie.runtime_sequence");
    if (firstSequence) this.#constants.block.insertBefore(firstSequence, global);
    else this.#constants.block.append(global);
    return `blockwrite_data_${number}`;
  }
}
