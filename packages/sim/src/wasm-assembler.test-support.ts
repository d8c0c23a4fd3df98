/** A module written byte by byte: what a core's linked kernels look like, without a compiler. */
interface HandModule {
  readonly functions: readonly HandFunction[];
  readonly stackBytes?: number;
  /** Mutable i32 globals that begin at 0, from index 2 on. */
  readonly globals?: number;
  /** Function 1 is `aiekit_event(i32)`; those of `functions` are behind it. */
  readonly events?: boolean;
  readonly memory?: { readonly minimum: number; readonly maximum?: number };
  /** Statics: bytes at an address of the tile. */
  readonly data?: { readonly address: number; readonly bytes: readonly number[] };
}

export interface HandFunction {
  readonly name: string;
  readonly params: number;
  /** True when the function returns an i32. */
  readonly returns?: boolean;
  readonly locals?: number;
  /** Instructions, without the final `end`. Function 0 is `aiekit_trap(i32, i32, i32)`. */
  readonly code: readonly number[];
}

/** Opcodes as written in the WebAssembly specification. */
export const op = {
  unreachable: [0x00],
  block: [0x02, 0x40],
  loop: [0x03, 0x40],
  end: [0x0b],
  br: (depth: number) => [0x0c, depth],
  brIf: (depth: number) => [0x0d, depth],
  return: [0x0f],
  call: (index: number) => [0x10, index],
  get: (local: number) => [0x20, local],
  set: (local: number) => [0x21, local],
  getGlobal: (index: number) => [0x23, index],
  setGlobal: (index: number) => [0x24, index],
  load: [0x28, 2, 0],
  store: [0x36, 2, 0],
  constant: (value: number) => [0x41, ...signedLeb(value)],
  eqz: [0x45],
  add: [0x6a],
  sub: [0x6b],
  mul: [0x6c],
} as const;

/** `void name(in, out, count, k)`: out[i] = in[i] + k for 32-bit words. */
export function addKernel(name: string): HandFunction {
  const step = (local: number, by: number) => [...op.get(local), ...op.constant(by), ...op.add, ...op.set(local)];
  const code = [
    ...op.block,
    ...op.loop,
    ...[...op.get(2), ...op.eqz, ...op.brIf(1)],
    ...[...op.get(1), ...op.get(0), ...op.load, ...op.get(3), ...op.add, ...op.store],
    ...[...step(0, 4), ...step(1, 4), ...step(2, -1)],
    ...op.br(0),
    ...op.end,
    ...op.end,
  ];
  return { name, params: 4, code };
}

/** `addKernel` with its events 0 and 1 around it and `cycles` of scalar work, and what counts these. In a module with events. */
export function markingKernel(cycles: number): readonly HandFunction[] {
  const mark = (event: number) => [...op.constant(event), ...op.call(1)];
  const counter = 2;
  const work = [...op.getGlobal(counter), ...op.constant(cycles), ...op.add, ...op.setGlobal(counter)];
  return [
    { name: "k", params: 4, code: [...mark(0), ...work, ...addKernel("k").code, ...mark(1)] },
    scalarCyclesIn(counter),
  ];
}

/** `aiekit_ops` of a module whose kernels count scalar cycles in global `counter`, and nothing else. */
export function scalarCyclesIn(counter: number): HandFunction {
  const scalarCycles = 4;
  const isScalar = [...op.get(0), ...op.constant(scalarCycles), ...op.sub, ...op.brIf(0)];
  const taken = [...op.getGlobal(counter), ...op.constant(0), ...op.setGlobal(counter), ...op.return];
  return {
    ...{ name: "aiekit_ops", params: 1, returns: true },
    code: [...op.block, ...isScalar, ...taken, ...op.end, ...op.constant(0)],
  };
}

/** `aiekit_counted` of such a module: 1 when just these scalar cycles were counted, which then start anew. */
export function countedScalarCyclesIn(counter: number): HandFunction {
  const [scalar, kinds] = [4, 6];
  const isOther = [...op.get(scalar), ...op.getGlobal(counter), ...op.sub, ...op.brIf(0)];
  const anew = [...op.constant(0), ...op.setGlobal(counter), ...op.constant(1), ...op.return];
  return {
    ...{ name: "aiekit_counted", params: kinds, returns: true },
    code: [...op.block, ...isOther, ...anew, ...op.end, ...op.constant(0)],
  };
}

/** Traps when the first word of the object in local 0 is `word`. */
export function trapAt(word: number): readonly number[] {
  const isOther = [...op.get(0), ...op.load, ...op.constant(word), ...op.sub, ...op.brIf(0)];
  return [...op.block, ...isOther, ...op.unreachable, ...op.end];
}

/** Source: WebAssembly Core Specification 2.0, chapter 5. */
export function assemble(module: HandModule): Uint8Array {
  const { functions, stackBytes = 1024, globals = 0, memory = { minimum: 1 }, data, events = false } = module;
  const imported = events ? 2 : 1;
  const dataEnd = data === undefined ? 0 : data.address + data.bytes.length;
  const signatures = functions.map((f) => [
    0x60,
    f.params,
    ...new Array(f.params).fill(0x7f),
    ...(f.returns ? [1, 0x7f] : [0]),
  ]);
  const limits = memory.maximum === undefined ? [0, memory.minimum] : [1, memory.minimum, memory.maximum];
  const exports = functions.map((f, i) => [...name(f.name), 0, i + imported]);
  const bodies = functions.map((f) => {
    const body = [...(f.locals ? [1, f.locals, 0x7f] : [0]), ...f.code, 0x0b];
    return [...leb(body.length), ...body];
  });
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0],
    ...section(1, vector([[0x60, 3, 0x7f, 0x7f, 0x7f, 0], ...(events ? [[0x60, 1, 0x7f, 0]] : []), ...signatures])),
    ...section(
      2,
      vector([
        [...name("env"), ...name("memory"), 2, ...limits],
        [...name("env"), ...name("aiekit_trap"), 0, 0],
        ...(events ? [[...name("env"), ...name("aiekit_event"), 0, 1]] : []),
      ]),
    ),
    ...section(3, vector(functions.map((_, i) => [i + imported]))),
    ...section(6, vector([global(1, stackBytes), global(0, dataEnd), ...new Array(globals).fill(global(1, 0))])),
    ...section(7, vector([...exports, [...name("__stack_pointer"), 3, 0], [...name("__data_end"), 3, 1]])),
    ...section(10, vector(bodies)),
    ...(data ? section(11, vector([dataSegment(data)])) : []),
  ]);
}

function global(mutable: 0 | 1, value: number): number[] {
  return [0x7f, mutable, 0x41, ...signedLeb(value), 0x0b];
}

function dataSegment(data: { readonly address: number; readonly bytes: readonly number[] }): number[] {
  return [0, 0x41, ...signedLeb(data.address), 0x0b, ...leb(data.bytes.length), ...data.bytes];
}

function section(id: number, content: readonly number[]): number[] {
  return [id, ...leb(content.length), ...content];
}

function vector(items: readonly (readonly number[])[]): number[] {
  return [...leb(items.length), ...items.flat()];
}

function name(text: string): number[] {
  const bytes = [...new TextEncoder().encode(text)];
  return [...leb(bytes.length), ...bytes];
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}

function signedLeb(value: number): number[] {
  const byte = value & 0x7f;
  const rest = value >> 7;
  const last = (rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0);
  return last ? [byte] : [byte | 0x80, ...signedLeb(rest)];
}
