import { memrefBytes, memrefElements, type Type } from "@aiekit/mlir";
import type { CoreChecks } from "./core-checks.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import { at, tileName } from "./fault.ts";
import { callText } from "./kernel-fault.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import type { KernelTrial } from "./kernel-trial.ts";

/** Bytes of one buffer that no argument of a call is said to have: [from, end). */
interface Rest {
  readonly slot: number;
  readonly from: number;
  readonly end: number;
}

/**
 * Tells of a kernel that is given a view of a buffer (`memref.subview`, `memref.reinterpret_cast`) and writes beyond it, into
 * the rest of the buffer. A warning and no fault: some pass the first element and mean the buffer. Reads beyond are left
 * alone, as those of a window's neighbours.
 */
export class ViewCheck {
  readonly #site: KernelSite;
  readonly #trial: KernelTrial;
  /** Bytes from the first to the last element of each pointer argument; undefined where its type does not say. */
  readonly #viewBytes: readonly (number | undefined)[];
  #pointers: string | undefined;
  #rests: readonly Rest[] = [];
  #isTold = false;

  constructor(site: KernelSite, trial: KernelTrial) {
    this.#site = site;
    this.#trial = trial;
    const { op, pointers } = site.call;
    this.#viewBytes = op.operands.filter((_, i) => pointers[i]).map(({ type }) => spannedBytes(type));
  }

  /** Behind a call that was tried with these pointers. */
  after(pointers: readonly number[], checks: CoreChecks): void {
    if (this.#isTold) return;
    const key = pointers.join();
    if (key !== this.#pointers) this.#rests = this.#restsOf(pointers);
    this.#pointers = key;
    for (const rest of this.#rests) {
      const written = this.#trial.firstWrite(rest);
      if (written === undefined) continue;
      this.#isTold = true;
      const { call, core } = this.#site;
      const what = `kernel ${call.name} on core ${tileName(core.tile)}${at(call.op.loc)}: writes beyond the view that it is given`;
      // A call that the lowering unrolled is one call of the design.
      if ([...checks.warnings].some((told) => told.startsWith(what))) return;
      checks.warnings.add(`${what}, ${this.#place(rest.slot, written, pointers)}`);
      return;
    }
  }

  #restsOf(pointers: readonly number[]): readonly Rest[] {
    const { memories } = this.#site;
    const views = pointers.flatMap((pointer, i) => {
      const buffer = bufferBehind(memories, pointer);
      if (buffer === undefined) return [];
      const [slot, bytes] = [Math.floor(pointer / pointerSlotBytes), this.#viewBytes[i]];
      const from = bytes === undefined ? buffer.address : pointer % pointerSlotBytes;
      const end = bytes === undefined ? buffer.address + buffer.bytes : from + bytes;
      return [{ slot, buffer, from, end }];
    });
    return [...new Set(views.map(({ buffer }) => buffer))].flatMap((buffer) => {
      const own = views.filter((view) => view.buffer === buffer).sort((a, b) => a.from - b.from);
      const { slot } = own[0]!;
      const rests: Rest[] = [];
      let from = buffer.address;
      for (const view of own) {
        if (view.from > from) rests.push({ slot, from, end: view.from });
        from = Math.max(from, view.end);
      }
      const bufferEnd = buffer.address + buffer.bytes;
      return from < bufferEnd ? [...rests, { slot, from, end: bufferEnd }] : rests;
    });
  }

  #place(slot: number, address: number, pointers: readonly number[]): string {
    const { memories } = this.#site;
    const memory = memories[slot]!;
    const given = pointers
      .map((pointer, i) => ({ pointer, bytes: this.#viewBytes[i] }))
      .filter(({ pointer }) => bufferBehind(memories, pointer) === memory.bufferAt(address))
      .map(({ pointer, bytes }) => `${bytes} bytes from address 0x${(pointer % pointerSlotBytes).toString(16)}`);
    return `${given.join(" and ")}, into ${memory.describe(address)}\n  ${callText(this.#site, pointers)}\n  hint: compare the kernel's loop with the sizes of the view, or give it a view of all that it writes`;
  }
}

/** Bytes from the first element of a memref to behind its last, strides included. */
function spannedBytes(type: Type): number | undefined {
  const elements = type.kind === "memref" ? memrefElements(type) : null;
  if (type.kind !== "memref" || elements === null || elements === 0) return undefined;
  const bytes = memrefBytes(type) / elements;
  if (type.layout === undefined) return elements * bytes;
  const text = type.layout.kind === "opaque" ? /strided<\[([^\]]*)\]/.exec(type.layout.text)?.[1] : undefined;
  const strides = text?.split(",").map(Number) ?? [];
  const spanned = type.shape.reduce<number>((n, size, i) => n + ((size ?? 1) - 1) * (strides[i] ?? Number.NaN), 1);
  return spanned > 0 ? spanned * bytes : undefined;
}
