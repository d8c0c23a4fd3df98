import { DeviceError } from "@aiekit/core";
import type { MovableMemory } from "@aiekit/sim";
import { checkClosable } from "../bo-closing.ts";
import { boRange } from "../bo-range.ts";
import type { Bo, BoFlags, BoOptions, BoRange, SyncDirection } from "../device.ts";
import { fillGuard } from "../guard-pattern.ts";

interface BoPart {
  readonly parent: SimBo;
  readonly offsetBytes: number;
}

/**
 * A BO of the simulator. The host's view and the device's memory are two copies that only `sync` connects, so that a
 * missing sync shows here as it would on silicon with cold caches. Device memory starts as a pattern, not as zeros: a
 * kernel that reads bytes nobody sent gets garbage.
 */
export class SimBo implements Bo, MovableMemory {
  readonly sizeBytes: number;
  readonly flags: BoFlags;
  readonly group: number;
  /** Runs in flight that use this BO. */
  #users = 0;
  /** A transfer that nobody awaited may still be under way, to where it is. */
  #stays = false;
  #host: ArrayBuffer;
  /** Where a part begins in `#host`. */
  #hostOffset = 0;
  #device: Uint8Array;
  #parent: SimBo | undefined;
  readonly #parts = new Set<SimBo>();
  #closed = false;
  readonly #onClose: (bo: SimBo) => void;

  constructor(sizeBytes: number, options: BoOptions & { readonly partOf?: BoPart }, onClose: (bo: SimBo) => void) {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new DeviceError(`BO: expected a size of at least 1 byte, got ${sizeBytes}`);
    }
    this.sizeBytes = sizeBytes;
    this.flags = options.flags;
    this.group = options.group;
    this.#onClose = onClose;
    const { partOf } = options;
    if (partOf !== undefined) {
      const { parent, offsetBytes } = partOf;
      this.#parent = parent;
      this.#host = parent.#host;
      this.#hostOffset = parent.#hostOffset + offsetBytes;
      this.#device = parent.#device.subarray(offsetBytes, offsetBytes + sizeBytes);
      return;
    }
    try {
      this.#host = new ArrayBuffer(sizeBytes);
      this.#device = new Uint8Array(sizeBytes);
    } catch (cause) {
      throw new DeviceError(`BO: ${sizeBytes} bytes could not be allocated: Cannot allocate memory`, { cause });
    }
    fillGuard(this.#device);
  }

  /** The BO that this is a part of, or itself. */
  get whole(): SimBo {
    return this.#parent?.whole ?? this;
  }

  get closed(): boolean {
    return this.#closed;
  }

  map(): ArrayBuffer {
    this.checkOpen("map");
    if (this.#parent !== undefined) {
      throw new DeviceError("BO map: a part of a BO has no mapping of its own", {
        hint: "map the BO that it is a part of, or use read and write",
      });
    }
    return this.#host;
  }

  async sync(direction: SyncDirection, range: BoRange = {}): Promise<void> {
    this.checkOpen("sync");
    const [start, end] = boRange(this.sizeBytes, range, "sync");
    const host = new Uint8Array(this.#host, this.#hostOffset + start, end - start);
    if (direction === "toDevice") this.#device.set(host, start);
    else host.set(this.#device.subarray(start, end));
  }

  write(bytes: Uint8Array, offsetBytes = 0): void {
    this.checkOpen("write");
    boRange(this.sizeBytes, { offsetBytes, sizeBytes: bytes.length }, "write");
    new Uint8Array(this.#host).set(bytes, this.#hostOffset + offsetBytes);
  }

  read(range: BoRange = {}): Uint8Array {
    this.checkOpen("read");
    const [start, end] = boRange(this.sizeBytes, range, "read");
    return new Uint8Array(this.#host.slice(this.#hostOffset + start, this.#hostOffset + end));
  }

  part(range: BoRange): SimBo {
    this.checkOpen("part");
    const [start, end] = boRange(this.sizeBytes, range, "part");
    const options = { flags: this.flags, group: this.group, partOf: { parent: this, offsetBytes: start } };
    const part = new SimBo(end - start, options, () => this.#parts.delete(part));
    this.#parts.add(part);
    return part;
  }

  close(): void {
    if (this.#closed) return;
    checkClosable({
      sizeBytes: this.sizeBytes,
      users: this.#users,
      parts: this.#parts.size,
      hint: "close the parts first; on hardware a part that outlives its BO gives wrong results without a word",
    });
    this.#closed = true;
    if (this.#parent !== undefined) {
      this.#device = new Uint8Array(0);
      this.#onClose(this);
      return;
    }
    // A transfer detaches the buffer, so a view that outlives the BO reads nothing instead of stale memory.
    structuredClone(this.#host, { transfer: [this.#host] });
    this.#device = new Uint8Array(0);
    this.#onClose(this);
  }

  /** Closes it with all parts of it, as when its device is closed. */
  closeAll(): void {
    for (const part of [...this.#parts]) part.closeAll();
    this.close();
  }

  /** What the device sees. */
  get bytes(): Uint8Array {
    return this.#device;
  }

  moveTo(place: Uint8Array): boolean {
    const isPart = this.#parent !== undefined;
    // The run that asks for it is one of its users.
    if (this.#closed || isPart || this.#stays || this.#parts.size > 0 || this.#users > 1) return false;
    place.set(this.#device);
    this.#device = place;
    return true;
  }

  moveOut(): boolean {
    if (this.#stays || this.#parts.size > 0 || this.#users > 0) return false;
    this.#device = this.#device.slice();
    return true;
  }

  /** Pins the BO for a run that is in flight; `release` ends that. */
  acquire(): void {
    this.#users++;
  }

  /** `stays`: the run has left transfers under way. */
  release({ stays = false } = {}): void {
    this.#users--;
    this.#stays ||= stays;
  }

  /** @throws DeviceError once the BO is closed. */
  checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`BO of ${this.sizeBytes} bytes: ${action} after close`);
  }
}
