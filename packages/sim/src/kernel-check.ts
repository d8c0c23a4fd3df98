import type { CoreChecks } from "./core-checks.ts";
import { pointerSlotBytes } from "./core-emitter.ts";
import { at, SimFault, tileName } from "./fault.ts";
import { callText } from "./kernel-fault.ts";
import type { KernelFunction } from "./kernel-module.ts";
import { bufferBehind, type KernelSite } from "./kernel-site.ts";
import { type BytePlace, KernelTrial } from "./kernel-trial.ts";
import type { BufferPlace } from "./tile-memory.ts";

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
  return (...args) => {
    const pointers = args.filter((_, i) => call.pointers[i]) as number[];
    for (const pointer of pointers) checks.heldAt(pointer, "is given", call.op, `${who}, called${at(call.op.loc)}`);
    const result = trial.run(() => kernel(...args), pointers);
    checks.stackUsed = Math.max(checks.stackUsed, result.stackUsed);
    if (result.written) throw overrun(site, result.written, pointers);
    if (result.read) throw wrongRead(site, result.read, pointers);
    return result.value;
  };
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
