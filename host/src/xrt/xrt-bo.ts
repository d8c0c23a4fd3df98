import { DeviceError } from "@aiekit/core";
import { checkClosable } from "../bo-closing.ts";
import { boRange } from "../bo-range.ts";
import type { Bo, BoFlags, BoOptions, BoRange, SyncDirection } from "../device.ts";
import type { NativeBo } from "./native-addon.ts";
import { xrtError } from "./xrt-error.ts";

// More is flushed on the device's thread. XRT flushes line by line with clflush: 0.11 ms for these, 12 ms for 6 MiB, measured
// on a virtual machine; the way to that thread and back takes less.
const mostFlushedBytes = 64 << 10;

type SyncArgs = Parameters<NativeBo["sync"]>;

interface BoOrigin {
  readonly native: NativeBo;
  /** Whether XRT calls the driver for a sync: a call that may wait. */
  readonly syncsInDriver: boolean;
  readonly partOf?: { readonly parent: XrtBo; readonly offsetBytes: number };
}

/** A BO of XRT. `map` is its memory itself, without a copy. */
export class XrtBo implements Bo {
  readonly sizeBytes: number;
  readonly flags: BoFlags;
  readonly group: number;
  readonly #native: NativeBo;
  readonly #syncsInDriver: boolean;
  readonly #host: ArrayBuffer;
  /** Where a part begins in `#host`. */
  readonly #hostOffset: number = 0;
  readonly #parent: XrtBo | undefined;
  readonly #parts = new Set<XrtBo>();
  readonly #onClose: (bo: XrtBo) => void;
  /** Commands in flight that use this BO. */
  #users = 0;
  #syncs = 0;
  /** Syncs on the device's thread that have not ended. */
  #syncing = 0;
  #closed = false;

  constructor(sizeBytes: number, options: BoOptions & BoOrigin, onClose: (bo: XrtBo) => void) {
    this.sizeBytes = sizeBytes;
    this.flags = options.flags;
    this.group = options.group;
    this.#native = options.native;
    this.#syncsInDriver = options.syncsInDriver;
    this.#onClose = onClose;
    this.#parent = options.partOf?.parent;
    if (options.partOf !== undefined) {
      const { parent, offsetBytes } = options.partOf;
      this.#host = parent.#host;
      this.#hostOffset = parent.#hostOffset + offsetBytes;
    } else {
      this.#host = options.native.host!;
    }
  }

  /** How often the host's bytes went to the device: what the device sees is unchanged while this is. */
  get syncsToDevice(): number {
    return this.#syncs + (this.#parent?.syncsToDevice ?? 0);
  }

  /** The BO that this is a part of, or itself. */
  get whole(): XrtBo {
    return this.#parent?.whole ?? this;
  }

  get closed(): boolean {
    return this.#closed;
  }

  get native(): NativeBo {
    return this.#native;
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
    const args: SyncArgs = [direction === "toDevice", start, end - start];
    try {
      if (this.#syncsInDriver || end - start > mostFlushedBytes) await this.#syncOnThread(args);
      else this.#native.sync(...args);
    } catch (error) {
      throw xrtError(`BO of ${this.sizeBytes} bytes: sync ${direction}`, error);
    }
    if (direction === "toDevice") this.#syncs++;
  }

  async #syncOnThread(args: SyncArgs): Promise<void> {
    this.#syncing++;
    try {
      await this.#native.syncOnThread(...args);
    } finally {
      this.#syncing--;
    }
  }

  write(bytes: Uint8Array, offsetBytes = 0): void {
    this.checkOpen("write");
    boRange(this.sizeBytes, { offsetBytes, sizeBytes: bytes.length }, "write");
    new Uint8Array(this.#host).set(bytes, this.#hostOffset + offsetBytes);
  }

  read(range: BoRange = {}): Uint8Array {
    this.checkOpen("read");
    this.checkSynced("read");
    const [start, end] = boRange(this.sizeBytes, range, "read");
    return new Uint8Array(this.#host.slice(this.#hostOffset + start, this.#hostOffset + end));
  }

  part(range: BoRange): XrtBo {
    this.checkOpen("part");
    const [start, end] = boRange(this.sizeBytes, range, "part");
    const native = this.#native.part(start, end - start);
    const { flags, group } = this;
    const partOf = { parent: this, offsetBytes: start };
    const options = { flags, group, native, syncsInDriver: this.#syncsInDriver, partOf };
    const part = new XrtBo(end - start, options, () => this.#parts.delete(part));
    this.#parts.add(part);
    return part;
  }

  close(): void {
    if (this.#closed) return;
    checkClosable({
      sizeBytes: this.sizeBytes,
      users: this.#users,
      parts: this.#parts.size,
      hint: "close the parts first; XRT would go on with memory that is given back",
    });
    this.#closed = true;
    this.#native.close();
    this.#onClose(this);
  }

  /** Closes it with all parts of it; one that a command still uses stays, for that command alone. */
  closeAll(): void {
    for (const part of [...this.#parts]) part.closeAll();
    // The addon keeps the memory for the command; here nobody reaches it any more.
    this.#users = 0;
    this.close();
  }

  /** Pins the BO for a command that is in flight; `release` ends that. */
  acquire(): void {
    this.#users++;
    this.#parent?.acquire();
  }

  release(): void {
    if (this.#users > 0) this.#users--;
    this.#parent?.release();
  }

  /** @throws DeviceError while a sync of it, or of what it is a part of, is under way. */
  checkSynced(action: string): void {
    if (this.#syncing > 0) {
      throw new DeviceError(`BO of ${this.sizeBytes} bytes: ${action} while a sync of it is under way`, {
        hint: "wait for it first: await bo.sync(...)",
      });
    }
    this.#parent?.checkSynced(action);
  }

  /** @throws DeviceError once the BO is closed. */
  checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`BO of ${this.sizeBytes} bytes: ${action} after close`);
  }
}
