import { DeviceError } from "@aiekit/core";
import type { Bo, BoFlags, BoOptions, BoRange, SyncDirection } from "../device.ts";
import { fillGuard } from "../guard-pattern.ts";

/**
 * A BO of the simulator. The host's view and the device's memory are two copies that only `sync` connects, so that a
 * missing sync shows here as it would on silicon with cold caches. Device memory starts as a pattern, not as zeros: a
 * kernel that reads bytes nobody sent gets garbage.
 */
export class SimBo implements Bo {
  readonly sizeBytes: number;
  readonly flags: BoFlags;
  readonly group: number;
  /** Runs in flight that use this BO. */
  #users = 0;
  #host: ArrayBuffer;
  #device: Uint8Array;
  #closed = false;
  readonly #onClose: (bo: SimBo) => void;

  constructor(sizeBytes: number, options: BoOptions, onClose: (bo: SimBo) => void) {
    if (!Number.isSafeInteger(sizeBytes) || sizeBytes <= 0) {
      throw new DeviceError(`BO: expected a size of at least 1 byte, got ${sizeBytes}`);
    }
    this.sizeBytes = sizeBytes;
    this.flags = options.flags;
    this.group = options.group;
    this.#onClose = onClose;
    try {
      this.#host = new ArrayBuffer(sizeBytes);
      this.#device = new Uint8Array(sizeBytes);
    } catch (cause) {
      throw new DeviceError(`BO: ${sizeBytes} bytes could not be allocated: Cannot allocate memory`, { cause });
    }
    fillGuard(this.#device);
  }

  get closed(): boolean {
    return this.#closed;
  }

  map(): ArrayBuffer {
    this.checkOpen("map");
    return this.#host;
  }

  sync(direction: SyncDirection, range: BoRange = {}): void {
    this.checkOpen("sync");
    const [start, end] = this.#range(range, "sync");
    if (direction === "toDevice") this.#device.set(new Uint8Array(this.#host, start, end - start), start);
    else new Uint8Array(this.#host).set(this.#device.subarray(start, end), start);
  }

  write(bytes: Uint8Array, offsetBytes = 0): void {
    this.checkOpen("write");
    this.#range({ offsetBytes, sizeBytes: bytes.length }, "write");
    new Uint8Array(this.#host).set(bytes, offsetBytes);
  }

  read(range: BoRange = {}): Uint8Array {
    this.checkOpen("read");
    const [start, end] = this.#range(range, "read");
    return new Uint8Array(this.#host.slice(start, end));
  }

  close(): void {
    if (this.#closed) return;
    if (this.#users > 0) {
      throw new DeviceError(`BO of ${this.sizeBytes} bytes: close while ${this.#users} run(s) in flight use it`, {
        hint: "wait for the run first: await run.wait()",
      });
    }
    this.#closed = true;
    // A transfer detaches the buffer, so a view that outlives the BO reads nothing instead of stale memory.
    structuredClone(this.#host, { transfer: [this.#host] });
    this.#device = new Uint8Array(0);
    this.#onClose(this);
  }

  /** What the device sees. */
  get deviceBytes(): Uint8Array {
    return this.#device;
  }

  /** Pins the BO for a run that is in flight; `release` ends that. */
  acquire(): void {
    this.#users++;
  }

  release(): void {
    this.#users--;
  }

  #range(range: BoRange, action: string): [start: number, end: number] {
    const offset = range.offsetBytes ?? 0;
    const size = range.sizeBytes ?? this.sizeBytes - offset;
    const whole = Number.isSafeInteger(offset) && Number.isSafeInteger(size);
    if (!whole || offset < 0 || size < 0 || offset + size > this.sizeBytes) {
      throw new DeviceError(
        `BO ${action}: expected a range within ${this.sizeBytes} bytes, got offset ${offset}, size ${size}`,
      );
    }
    return [offset, offset + size];
  }

  /** @throws DeviceError once the BO is closed. */
  checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`BO of ${this.sizeBytes} bytes: ${action} after close`);
  }
}
