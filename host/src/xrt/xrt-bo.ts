import { DeviceError } from "@aiekit/core";
import { checkClosable } from "../bo-closing.ts";
import { boRange } from "../bo-range.ts";
import type { Bo, BoFlags, BoOptions, BoRange, SyncDirection } from "../device.ts";
import type { NativeBo } from "./native-addon.ts";
import { xrtError } from "./xrt-error.ts";

interface BoOrigin {
  readonly native: NativeBo;
  readonly partOf?: { readonly parent: XrtBo; readonly offsetBytes: number };
}

/** A BO of XRT. `map` is its memory itself, without a copy. */
export class XrtBo implements Bo {
  readonly sizeBytes: number;
  readonly flags: BoFlags;
  readonly group: number;
  readonly #native: NativeBo;
  readonly #host: ArrayBuffer;
  /** Where a part begins in `#host`. */
  readonly #hostOffset: number = 0;
  readonly #parent: XrtBo | undefined;
  readonly #parts = new Set<XrtBo>();
  readonly #onClose: (bo: XrtBo) => void;
  /** Commands in flight that use this BO. */
  #users = 0;
  #syncs = 0;
  #closed = false;

  constructor(sizeBytes: number, options: BoOptions & BoOrigin, onClose: (bo: XrtBo) => void) {
    this.sizeBytes = sizeBytes;
    this.flags = options.flags;
    this.group = options.group;
    this.#native = options.native;
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

  sync(direction: SyncDirection, range: BoRange = {}): void {
    this.checkOpen("sync");
    const [start, end] = boRange(this.sizeBytes, range, "sync");
    try {
      this.#native.sync(direction === "toDevice", start, end - start);
    } catch (error) {
      throw xrtError(`BO of ${this.sizeBytes} bytes: sync ${direction}`, error);
    }
    if (direction === "toDevice") this.#syncs++;
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

  part(range: BoRange): XrtBo {
    this.checkOpen("part");
    const [start, end] = boRange(this.sizeBytes, range, "part");
    const native = this.#native.part(start, end - start);
    const options = { flags: this.flags, group: this.group, native, partOf: { parent: this, offsetBytes: start } };
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

  /** @throws DeviceError once the BO is closed. */
  checkOpen(action: string): void {
    if (this.#closed) throw new DeviceError(`BO of ${this.sizeBytes} bytes: ${action} after close`);
  }
}
