import type { CoreChecks } from "./core-checks.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import { at, SimFault, tileName } from "./fault.ts";
import { globalNamed } from "./global-names.ts";
import { callText } from "./kernel-fault.ts";
import type { KernelFunction } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { type BytePlace, KernelTrial } from "./kernel-trial.ts";
import type { BufferPlace } from "./tile-memory.ts";
import { ViewCheck } from "./view-check.ts";

/**
 * The kernel, run twice a call: once as it is, and once with other bytes everywhere that it must not read, which are never-written
 * parts of its arguments, memory beside them, and the stack below its frame. A result that differs was made of those bytes,
 * and a byte beside the arguments that changed was written. Bytes are found exactly, even where a value is the same by chance. Reads
 * whose value does not matter, as lanes of an unaligned load that are dropped, are no faults.
 */
export function checkedKernel(kernel: KernelFunction, site: KernelSite, checks: CoreChecks): KernelFunction {
  const { call, core } = site;
  const trial = new KernelTrial(site);
  checks.registerBytes = site.module!.stack?.registerBytes ?? 0;
  const who = `kernel ${call.name} on core ${tileName(core.tile)}`;
  const rounding = new RoundingCheck(site, trial);
  const views = new ViewCheck(site, trial);
  return (...args) => {
    const pointers = args.filter((_, i) => call.pointers[i]) as number[];
    for (const pointer of pointers) checks.heldAt(pointer, "is given", call.op, `${who}, called${at(call.op.loc)}`);
    const result = trial.run(() => kernel(...args), pointers);
    checks.stackUsed = Math.max(checks.stackUsed, result.stackUsed);
    if (result.written) throw overrun(site, result.written, pointers);
    if (result.read) throw wrongRead(site, result.read, pointers);
    views.after(pointers, checks);
    rounding.after(() => kernel(...args), checks);
    return result.value;
  };
}

/** Calls of a site whose results are looked at: a kernel that sets the mode does so at every entry. */
const roundedCalls = 16;
/** Values of rounding_mode in the control register: the state after reset, and nearest with ties to even. */
const roundingModes = { floor: 0, convEven: 12 } as const;

/** Tells of a kernel that rounds as the core was left by others, which is floor after a reset. */
class RoundingCheck {
  readonly #site: KernelSite;
  readonly #trial: KernelTrial;
  /** Place of the mode among the module's registers; undefined in a module that does not round. */
  readonly #register: number | undefined;
  #left = roundedCalls;

  constructor(site: KernelSite, trial: KernelTrial) {
    this.#site = site;
    this.#trial = trial;
    const { bytes, registers } = site.module!;
    const global = registers && globalNamed(bytes, "aiekit::rounding");
    const place = registers?.findIndex(({ index }) => index === global) ?? -1;
    this.#register = place < 0 ? undefined : place;
  }

  /** Runs the call again with another mode. */
  after(call: () => number | bigint | undefined, checks: CoreChecks): void {
    if (this.#register === undefined || this.#left-- <= 0) return;
    const { floor, convEven } = roundingModes;
    const before = this.#trial.registerBefore(this.#register);
    const other = before === convEven ? floor : convEven;
    const found = this.#trial.runWithRegister(call, { index: this.#register, value: other });
    if (found === undefined) return;
    this.#left = 0;
    const { call: site, core, memories } = this.#site;
    const who = `kernel ${site.name} on core ${tileName(core.tile)}${at(site.op.loc)}`;
    // A call that the lowering unrolled is one call of the design.
    if ([...checks.warnings].some((told) => told.startsWith(who))) return;
    const place = memories[found.slot]!.describe(found.address);
    const mode = before === floor ? "floor, as a core starts" : `mode ${before}, which an earlier kernel left`;
    checks.warnings.add(
      `${who} sets no rounding: it rounds by ${mode}; ${found.count} bytes of its arguments come out otherwise by ${other === convEven ? "conv_even" : "floor"}, first ${place}: call aie::set_rounding(aie::rounding_mode::conv_even) at its entry, floor makes every narrowing too low by half a unit on average`,
    );
  }
}

function overrun(
  site: KernelSite,
  written: BytePlace & { readonly count: number },
  pointers: readonly number[],
): SimFault {
  const memory = site.memories[written.slot]!;
  const near = nearest(site, written, pointers);
  const { where, hint } = besideArguments(memory.bufferAt(written.address), near);
  return new SimFault(
    `kernel ${site.call.name} on core ${tileName(site.core.tile)}: writes ${written.count} bytes ${where}, at ${memory.describe(written.address)}\n  ${callText(site, pointers)}`,
    { kind: "kernel-overrun", ...about(site, written, near?.buffer) },
    { hint },
  );
}

function wrongRead(
  site: KernelSite,
  read: BytePlace & { readonly area: string },
  pointers: readonly number[],
): SimFault {
  const memory = site.memories[read.slot]!;
  const who = `kernel ${site.call.name} on core ${tileName(site.core.tile)}`;
  const tail = `\n  ${callText(site, pointers)}`;
  if (read.area === "argument" && memory.shadow) {
    const fault = memory.shadow.readFault(who, read.address, about(site, read, undefined));
    return new SimFault(`${fault.message}${tail}`, fault.fault, { ...(fault.hint && { hint: fault.hint }) });
  }
  if (read.area === "stack") {
    return new SimFault(
      `${who}: its result depends on a local variable that was never set (stack address 0x${read.address.toString(16)})${tail}`,
      { kind: "uninitialised-read", ...about(site, read, undefined) },
      { hint: "give local variables and accumulators a value before they are used" },
    );
  }
  const near = nearest(site, read, pointers);
  const { where, hint } = besideArguments(memory.bufferAt(read.address), near);
  return new SimFault(
    `${who}: its result depends on memory ${where}, ${memory.describe(read.address)}${tail}`,
    { kind: "kernel-overread", ...about(site, read, near?.buffer) },
    { hint },
  );
}

/** An access that runs over an argument's end by more than this goes there by another way. */
const overrunBytes = 1024;

/** Where a byte lies as the kernel's author sees it: `hit` is the buffer it is in, `near` the argument that is nearest. */
function besideArguments(hit: BufferPlace | undefined, near: ReturnType<typeof nearest>) {
  if (hit !== undefined && (near === undefined || near.gap > overrunBytes)) {
    return {
      where: "that is none of its arguments",
      hint: "look for a pointer that the kernel keeps from one call to the next (a static): objects come and go",
    };
  }
  return {
    where: near === undefined ? "beside its arguments" : `${near.how} its argument ${near.buffer.name}`,
    hint: "check the kernel's loop bounds and pointers against the sizes of its arguments",
  };
}

function about({ call, core, module, now, memories }: KernelSite, place: BytePlace, argument: BufferPlace | undefined) {
  const hit = memories[place.slot]!.bufferAt(place.address);
  const buffer = hit ?? argument;
  const fifo = buffer?.fifo;
  const size = hit?.elementBytes;
  return {
    cycle: now(),
    tile: core.tile,
    address: place.address,
    kernel: { name: call.name, frames: [], module: module!.bytes, callLoc: call.op.loc },
    ...(buffer && { buffer: buffer.name }),
    ...(fifo !== undefined && { objectFifo: fifo }),
    ...(hit && size !== undefined && { element: Math.floor((place.address - hit.address) / size) }),
    ...(call.op.loc && { loc: call.op.loc }),
  };
}

/** The argument that a byte lies behind or before, the nearest one. */
function nearest(site: KernelSite, { slot, address }: BytePlace, pointers: readonly number[]) {
  const found = pointers
    .filter((pointer) => Math.floor(pointer / pointerSlotBytes) === slot)
    .flatMap((pointer) => bufferBehind(site.memories, pointer) ?? [])
    .map((buffer) => ({ buffer, gap: Math.max(address - buffer.address - buffer.bytes, buffer.address - address - 1) }))
    .sort((a, b) => a.gap - b.gap)[0];
  return found && { ...found, how: address < found.buffer.address ? "before" : "behind" };
}
