import { type Insertion, ModuleCopy } from "./module-copy.ts";
import type { StackFrame } from "./stack-frame.ts";
import { type StackUse, stackUse } from "./stack-use.ts";
import { ops } from "./wasm-instructions.ts";
import { sectionIds, signedBytes, unsignedBytes } from "./wasm-sections.ts";

/** Bytes of a WebAssembly page, which is as many as a compute tile's data memory has. */
export const pageBytes = 65536;

/** Export of the lowest place that the stack pointer has had, bytes of registers left out. */
export const stackLowName = "aiekit:stack-low";

/** Clang lets a function use this much below the stack pointer without moving it. */
export const redZoneBytes = 128;

/** A module whose frames hold what the device has in registers, made fit to run with the stack that the device has. */
export interface StackRoom {
  readonly bytes: Uint8Array;
  /** Offset in the module as it was of what is at an offset of `bytes`. */
  readonly offsetBefore: (offset: number) => number;
  /** Where the stack lies in memory, registers included: [from, end). */
  readonly from: number;
  readonly end: number;
  /** Pages that it needs of its memory. */
  readonly pages: number;
  /** The most that frames hold of registers. */
  readonly registerBytes: number;
  readonly tracked: boolean;
}

export interface StackNeeds {
  /** Pages of the memory that the module is to run in. */
  readonly pages: number;
  /** Keep the lowest place of the stack pointer. */
  readonly tracked: boolean;
}

const known = new WeakMap<Uint8Array, Map<string, StackRoom | undefined>>();

/**
 * Gives the stack room for what the device holds in registers where the two might need more than the stack has: both then lie
 * at the end of the tile's memory, or in a page of their own where statics leave no room there, and each function that lowers
 * the stack pointer compares it with what is left to it, registers not counted. It traps with a stack pointer that is negative
 * by what is missing, as if the stack had ended at 0. Undefined where the module can stay what it is.
 */
export function stackRoom(module: Uint8Array, needs: StackNeeds): StackRoom | undefined {
  const byNeeds = known.get(module) ?? new Map<string, StackRoom | undefined>();
  known.set(module, byNeeds);
  const key = `${needs.pages} ${needs.tracked}`;
  if (!byNeeds.has(key)) byNeeds.set(key, makeRoom(module, needs));
  return byNeeds.get(key);
}

function makeRoom(module: Uint8Array, { pages, tracked }: StackNeeds): StackRoom | undefined {
  const use = stackUse(module);
  if (use === undefined) return undefined;
  const stackBytes = use.bytes;
  const fits = use.deepest <= stackBytes;
  const registerBytes = fits && !tracked ? 0 : use.registers().bytes;
  if (registerBytes === 0) return undefined;
  const place = fits ? { pages, end: stackBytes } : placeBehindStatics(use, pages);
  const out = rewritten(use, { end: place.end, moved: !fits, tracked });
  return {
    bytes: Uint8Array.from(out.bytes),
    // A function without the stack it asks for fails where it asks, and not at what comes next.
    offsetBefore: (offset) => out.offsetBefore(offset, "last"),
    from: place.end - stackBytes - (fits ? 0 : registerBytes),
    ...place,
    ...{ registerBytes, tracked },
  };
}

function placeBehindStatics({ outline, bytes, registers }: StackUse, pages: number) {
  const dataEnd = outline.globals[outline.exportedGlobals.get("__data_end") ?? -1]?.initial?.value;
  const room = bytes + registers().bytes + redZoneBytes;
  if (dataEnd !== undefined && dataEnd + room <= pageBytes) return { pages, end: pageBytes };
  const more = pages + Math.ceil((room + pageBytes / 2) / pageBytes);
  return { pages: more, end: more * pageBytes };
}

interface Plan {
  /** Where the stack pointer starts. */
  readonly end: number;
  readonly moved: boolean;
  readonly tracked: boolean;
}

const [i32, emptyBlock] = [0x7f, 0x40];

function rewritten(use: StackUse, plan: Plan): ModuleCopy {
  const { outline, pointer } = use;
  const low = outline.globals.length;
  const insertions = [...use.registers().frames]
    .flatMap(([index, frame]): Insertion[] => {
      const code = checkFrame({ use, plan, low }, index, frame);
      const places = frame.moves.length > 0 ? frame.moves : [outline.code(index)!.start];
      return places.map((at) => ({ at, code }));
    })
    .sort((a, b) => a.at - b.at);
  const out = new ModuleCopy(outline.bytes);
  out.keep(0, 8);
  for (const section of outline.sections) {
    if (section.id === sectionIds.global) {
      const start = outline.globals[pointer]!.initial!;
      const added = [i32, 1, ops.i32Const, ...signedBytes(plan.end), ops.end];
      out.section(section, (copy) =>
        copy.listWith(section, plan.tracked ? [added] : [], {
          from: start.start,
          end: start.end,
          bytes: signedBytes(plan.end),
        }),
      );
    } else if (section.id === sectionIds.export && plan.tracked) {
      const name = [...new TextEncoder().encode(stackLowName)];
      out.section(section, (copy) =>
        copy.listWith(section, [[...unsignedBytes(name.length), ...name, 3, ...unsignedBytes(low)]]),
      );
    } else if (section.id === sectionIds.code) {
      out.section(section, (copy) => copy.codeWith(section, insertions));
    } else {
      out.keep(section.start, section.end);
    }
  }
  return out;
}

/** What is put in where a function has its frame. */
function checkFrame(
  { use, plan, low }: { readonly use: StackUse; readonly plan: Plan; readonly low: number },
  index: number,
  { moves, bytes }: StackFrame,
): number[] {
  const registers = use.registers().at(index);
  const pointer = [ops.globalGet, ...unsignedBytes(use.pointer)];
  const lowered = moves.length > 0 ? pointer : [...pointer, ops.i32Const, ...signedBytes(bytes), ops.i32Sub];
  const counted = [...lowered, ops.i32Const, ...signedBytes(registers), ops.i32Add];
  const last = plan.end - use.bytes - registers;
  const track = [
    ...[...counted, ops.globalGet, ...unsignedBytes(low), ops.i32LessThan, ops.if, emptyBlock],
    ...[...counted, ops.globalSet, ...unsignedBytes(low), ops.end],
  ];
  const check = [
    ...[...lowered, ops.i32Const, ...signedBytes(last), ops.i32LessThan, ops.if, emptyBlock],
    ...[...lowered, ops.i32Const, ...signedBytes(last), ops.i32Sub],
    ...[ops.globalSet, ...unsignedBytes(use.pointer), ops.unreachable, ops.end],
  ];
  return [...(plan.tracked ? track : []), ...(plan.moved ? check : [])];
}
