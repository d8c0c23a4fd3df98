import type { FloatType, IntegerType, MemRefType, Operation, Type, Value } from "@aiekit/mlir";
import type { BufferConfig } from "./array-config.ts";
import { type CoreEmitter, pointerSlotBytes, unsupported } from "./core-emitter.ts";
import { newVector } from "./core-vector.ts";
import { type VectorAccess, vectorAccess } from "./core-vector-access.ts";
import { tileName } from "./fault.ts";
import { badOp, elementBytes } from "./ir-read.ts";

/** A memory reference as far as it is known when the core is compiled. Strides count elements, outermost first. */
interface MemRef {
  /** Expression of the pointer to element 0. */
  readonly pointer: string;
  /** Where the buffer it was cut from begins; `memref.reinterpret_cast` counts from there. */
  readonly basePointer: string;
  /** Slot and byte address, where both are constant. */
  readonly fixed: { readonly slot: number; readonly address: number } | undefined;
  readonly shape: readonly number[];
  readonly strides: readonly number[];
}

/** One element of a memory, in code. */
interface ElementPlace {
  readonly op: Operation;
  readonly slot: string;
  readonly bytes: number;
  readonly view: string;
  readonly index: string;
  readonly element: Type;
  readonly strides: readonly number[];
}

interface MemRefScope {
  readonly emitter: CoreEmitter;
  readonly bufferOf: ReadonlyMap<Value, BufferConfig>;
  /** Slot of a tile's memory in this core's pointers. @throws DesignError when the core cannot reach it. */
  readonly slotOf: (op: Operation, buffer: BufferConfig) => number;
  /** Number by which run time errors name an operation. */
  readonly siteOf: (op: Operation) => number;
  readonly memoryCycles: number;
  /** Is told what an operation loads from or stores to; undefined where that is not known before the core runs. */
  readonly onAccess: (buffer: BufferConfig | undefined) => void;
  /** Every access is told to `rt.checks`. */
  readonly checked: boolean;
}

/** Emits the memref dialect. Views cost nothing: they are known when the core is compiled, or are one addition. */
export class MemRefs {
  readonly #scope: MemRefScope;
  readonly #known = new Map<Value, MemRef>();

  constructor(scope: MemRefScope) {
    this.#scope = scope;
  }

  /** Makes the buffers among the operands of `op` known. Buffers are defined outside of cores. */
  touch(op: Operation): void {
    for (const value of [...op.operands, ...op.successors.flatMap((successor) => successor.args)]) {
      const buffer = this.#scope.bufferOf.get(value);
      if (buffer === undefined || this.#known.has(value)) continue;
      const slot = this.#scope.slotOf(op, buffer);
      const size = elementBytes(op, value.type);
      if (buffer.address % Math.min(size, 4) !== 0) {
        throw badOp(
          op,
          `buffer ${buffer.name} of tile ${tileName(buffer.tile)} lies at address ${buffer.address}, which is not a multiple of its ${size}-byte elements`,
          "pad the sizes of the buffers before it to multiples of 32 bytes, or give it an address",
        );
      }
      const fixed = { slot, address: buffer.address };
      this.#define(value, { ...layout(op, value.type), pointer: literal(fixed), basePointer: literal(fixed), fixed });
    }
  }

  /** False when `op` is not of this dialect. */
  emit(op: Operation): boolean {
    switch (op.name) {
      case "memref.load":
        this.#load(op);
        return true;
      case "memref.store":
        this.#store(op);
        return true;
      case "vector.load":
      case "vector.transfer_read":
        this.#vectorRead(op);
        return true;
      case "vector.store":
      case "vector.transfer_write":
        this.#vectorWrite(op);
        return true;
      case "memref.copy":
        this.#copy(op);
        return true;
      case "memref.subview":
        this.#subview(op);
        return true;
      case "memref.reinterpret_cast":
        this.#reinterpret(op);
        return true;
      case "memref.collapse_shape":
      case "memref.expand_shape":
      case "memref.cast":
        this.#recast(op);
        return true;
      case "memref.assume_alignment":
        if (op.results.length > 0) this.#recast(op);
        return true;
      default:
        return false;
    }
  }

  #load(op: Operation): void {
    const { emitter, memoryCycles } = this.#scope;
    const place = this.#element(op, 0);
    const { view, index, element } = place;
    emitter.line(this.#told("reads", place, index));
    emitter.set(op.result, loadedElement(op, element, `${view}[${index}]`));
    emitter.cost(memoryCycles);
  }

  #store(op: Operation): void {
    const { emitter, memoryCycles } = this.#scope;
    const place = this.#element(op, 1);
    const { view, index, element } = place;
    const value = emitter.use(op, 0);
    emitter.line(this.#told("writes", place, index));
    emitter.line(`${view}[${index}] = ${storedElement(element, value)};`);
    emitter.cost(memoryCycles);
  }

  /** Statement that tells the checks of an access; empty where nobody checks. */
  #told(access: "reads" | "writes", { op, slot, bytes }: ElementPlace, index: string): string {
    if (!this.#scope.checked) return "";
    const pointer = `${slot} * ${pointerSlotBytes} + (${index}) * ${bytes}`;
    return `rt.checks.${access}(${this.#scope.siteOf(op)}, ${pointer}, ${bytes});`;
  }

  /** View and index of the element that a load or store touches, after a line that checks the bounds. */
  #element(op: Operation, at: number, vector?: VectorAccess): ElementPlace {
    const { emitter, siteOf, bufferOf, onAccess } = this.#scope;
    onAccess(bufferOf.get(op.operands[at]!));
    const ref = this.#refOf(op, at);
    const terms = ref.strides.map((stride, i) => {
      const index = emitter.use(op, at + 1 + i);
      return stride === 1 ? index : `${index} * ${stride}`;
    });
    const linear = emitter.local();
    emitter.line(`${linear} = ${terms.length === 0 ? "0" : terms.join(" + ")};`);
    const behind = vector?.reach(ref.strides) ?? 0;
    const reach = ref.shape.reduce((n, size, i) => n + (size - 1) * ref.strides[i]!, 1) - behind;
    // The first element that a vector touches may be there, and its last one not.
    const told = behind === 0 ? linear : `${linear} < 0 ? ${linear} : ${linear} + ${behind}`;
    emitter.line(
      `if (!(${linear} >= 0 && ${linear} < ${reach})) rt.outOfBounds(${siteOf(op)}, ${told}, ${reach + behind});`,
    );
    return this.#placeOf(op, at, linear);
  }

  /** The element that lies `linear` elements behind the first of a memory. */
  #placeOf(op: Operation, at: number, linear: string): ElementPlace {
    const ref = this.#refOf(op, at);
    const { element } = op.operands[at]!.type as MemRefType;
    const size = elementBytes(op, op.operands[at]!.type);
    const name = viewName(op, element);
    if (ref.fixed) {
      const first = ref.fixed.address / size;
      return {
        ...{ op, slot: `${ref.fixed.slot}`, bytes: size, element, strides: ref.strides },
        view: `m[${ref.fixed.slot}].${name}`,
        index: `${first} + ${linear}`,
      };
    }
    const pointer = ref.pointer;
    return {
      ...{ op, slot: `(${pointer} >>> ${Math.log2(pointerSlotBytes)})`, bytes: size },
      view: `m[${pointer} >>> ${Math.log2(pointerSlotBytes)}].${name}`,
      index: `((${pointer} & ${pointerSlotBytes - 1}) >> ${Math.log2(size)}) + ${linear}`,
      element,
      strides: ref.strides,
    };
  }

  /** Element by element, as they lie in each memory; modelled as a load and a store of each. */
  #copy(op: Operation): void {
    const { emitter, memoryCycles, bufferOf, onAccess } = this.#scope;
    for (const operand of op.operands) onAccess(bufferOf.get(operand));
    const { shape } = this.#refOf(op, 0);
    const [from, to] = [0, 1].map((at) => {
      const steps = this.#refOf(op, at).strides.map((stride, i) => `i${i} * ${stride}`);
      return this.#placeOf(op, at, `(${steps.join(" + ") || "0"})`);
    });
    const told = `${this.#told("reads", from!, from!.index)} ${this.#told("writes", to!, to!.index)}`;
    const loops = shape.map((size, i) => `for (let i${i} = 0; i${i} < ${size}; i${i}++)`).join(" ");
    emitter.line(`${loops} { ${told} ${to!.view}[${to!.index}] = ${from!.view}[${from!.index}]; }`);
    emitter.cost(2 * memoryCycles * shape.reduce((n, size) => n * size, 1));
  }

  #vectorRead(op: Operation): void {
    const { emitter, memoryCycles } = this.#scope;
    const access = vectorAccess(op, 0);
    const place = this.#element(op, 0, access);
    const name = emitter.variable(op.result);
    const index = `${place.index}${access.offset(place.strides)}`;
    const value = loadedElement(op, place.element, `${place.view}[${index}]`);
    const guards = access.guards(op, emitter);
    const padded = guards === "" ? value : `${guards} ? ${value} : ${emitter.use(op, access.padding)}`;
    const told = this.#told("reads", place, index);
    const guardedTold = guards === "" || told === "" ? told : `if (${guards}) ${told}`;
    emitter.line(`${name} = ${newVector(op, op.result.type)};`);
    emitter.line(`{ let n = 0; ${access.loops} { ${guardedTold} ${name}[n] = ${padded}; n++; } }`);
    emitter.cost(memoryCycles);
  }

  #vectorWrite(op: Operation): void {
    const { emitter, memoryCycles } = this.#scope;
    const access = vectorAccess(op, 1);
    const place = this.#element(op, 1, access);
    const value = storedElement(place.element, `${emitter.use(op, 0)}[n]`);
    const guards = access.guards(op, emitter);
    const index = `${place.index}${access.offset(place.strides)}`;
    const store = `${this.#told("writes", place, index)} ${place.view}[${index}] = ${value};`;
    emitter.line(`{ let n = 0; ${access.loops} { ${guards === "" ? "" : `if (${guards}) `}{ ${store} } n++; } }`);
    emitter.cost(memoryCycles);
  }

  #subview(op: Operation): void {
    const source = this.#refOf(op, 0);
    const [offsets, sizes, strides] = staticOrDynamic(op, this.#scope.emitter, ["offsets", "sizes", "strides"]);
    const steps = strides!.map((s) => fixedNumber(op, s));
    const size = elementBytes(op, op.operands[0]!.type);
    const offset = sum(offsets!.map((o, i) => ({ count: o, scale: source.strides[i]! * size })));
    const kept = keptDims(
      op,
      sizes!.map((s) => fixedNumber(op, s)),
      op.result.type,
    );
    this.#define(op.result, {
      ...this.#moved(source, offset),
      shape: kept.map((i) => fixedNumber(op, sizes![i]!)),
      strides: kept.map((i) => source.strides[i]! * steps[i]!),
    });
  }

  #reinterpret(op: Operation): void {
    const source = this.#refOf(op, 0);
    const [offsets, sizes, strides] = staticOrDynamic(op, this.#scope.emitter, ["offsets", "sizes", "strides"]);
    const size = elementBytes(op, op.operands[0]!.type);
    const offset = sum([{ count: offsets![0] ?? 0, scale: size }]);
    const base = source.fixed && source.pointer !== source.basePointer ? undefined : source.fixed;
    this.#define(op.result, {
      ...this.#moved({ ...source, pointer: source.basePointer, fixed: base }, offset),
      shape: sizes!.map((s) => fixedNumber(op, s)),
      strides: strides!.map((s) => fixedNumber(op, s)),
    });
  }

  /** Another shape of the same elements. */
  #recast(op: Operation): void {
    this.#define(op.result, { ...this.#refOf(op, 0), ...layout(op, op.result.type) });
  }

  #moved(source: MemRef, offsetBytes: number | string): MemRef {
    if (typeof offsetBytes === "number" && source.fixed) {
      const fixed = { slot: source.fixed.slot, address: source.fixed.address + offsetBytes };
      return { ...source, pointer: literal(fixed), fixed };
    }
    const pointer = this.#scope.emitter.local();
    this.#scope.emitter.line(`${pointer} = ${source.pointer} + ${offsetBytes};`);
    return { ...source, pointer, fixed: undefined };
  }

  #define(value: Value, ref: MemRef): void {
    this.#known.set(value, ref);
    this.#scope.emitter.define(value, ref.pointer);
  }

  /** What is known of a memref operand; a pointer in a variable when it came through control flow. */
  #refOf(op: Operation, index: number): MemRef {
    const value = op.operands[index]!;
    const known = this.#known.get(value);
    if (known) return known;
    const pointer = this.#scope.emitter.use(op, index);
    return { ...layout(op, value.type), pointer, basePointer: pointer, fixed: undefined };
  }
}

const literal = (fixed: { readonly slot: number; readonly address: number }): string =>
  `${fixed.slot * pointerSlotBytes + fixed.address}`;

/** Shape and strides of a memref type: row-major, or as its `strided<[...]>` layout says. */
function layout(op: Operation, type: Type): { readonly shape: readonly number[]; readonly strides: readonly number[] } {
  if (type.kind !== "memref") throw badOp(op, `expected a memref, got ${type.kind}`);
  const shape = type.shape.map((size) => {
    if (size === null) throw badOp(op, "memory of dynamic shape is not simulated in a core body");
    return size;
  });
  const strided = type.layout?.kind === "opaque" ? /strided<\[([^\]]*)\]/.exec(type.layout.text)?.[1] : undefined;
  if (strided !== undefined) {
    const strides = strided.split(",").map((text) => Number(text.trim()));
    if (strides.some((s) => !Number.isInteger(s))) throw badOp(op, "memory of dynamic strides is not simulated");
    return { shape, strides };
  }
  if (type.layout !== undefined) throw badOp(op, "memory with this layout is not simulated in a core body");
  const strides: number[] = [];
  shape.reduceRight((inside, size) => {
    strides.unshift(inside);
    return inside * size;
  }, 1);
  return { shape, strides };
}

/** A number of the operation's attributes, or the expression of an operand. */
type Count = number | string;

/** MLIR marks an entry that an operand gives with the smallest 64-bit number. */
const dynamicMark = -(2n ** 63n);

function staticOrDynamic(op: Operation, emitter: CoreEmitter, names: readonly string[]): Count[][] {
  let next = 1;
  return names.map((name) => {
    const attr = op.attributes.get(`static_${name}`);
    if (attr?.kind !== "dense-array") throw badOp(op, `expected attribute static_${name}`);
    return attr.values.map((value) => (value === dynamicMark ? emitter.use(op, next++) : Number(value)));
  });
}

function fixedNumber(op: Operation, count: Count): number {
  if (typeof count === "number") return count;
  throw badOp(op, "sizes and strides of a view must be constants in a core body");
}

function sum(terms: readonly { readonly count: Count; readonly scale: number }[]): Count {
  const fixed = terms.reduce((n, t) => n + (typeof t.count === "number" ? t.count * t.scale : 0), 0);
  const moving = terms.filter((t) => typeof t.count === "string").map((t) => `${t.count} * ${t.scale}`);
  return moving.length === 0 ? fixed : [...moving, `${fixed}`].join(" + ");
}

/** Dimensions of a view that its result type keeps: those dropped have size 1. */
function keptDims(op: Operation, sizes: readonly number[], type: Type): number[] {
  const shape = type.kind === "memref" ? type.shape : [];
  const kept: number[] = [];
  let drop = sizes.length - shape.length;
  sizes.forEach((size, i) => {
    const droppable = drop > 0 && size === 1 && (shape[kept.length] !== 1 || kept.length >= shape.length);
    if (droppable) drop--;
    else kept.push(i);
  });
  if (kept.length !== shape.length) throw badOp(op, "cannot tell which dimensions of the view are kept");
  return kept;
}

export function viewName(op: Operation, element: Type): string {
  const names: Readonly<Record<string, string>> = { i1: "i8", i8: "i8", i16: "i16", i32: "i32", i64: "i64" };
  const name =
    element.kind === "integer"
      ? names[`i${element.width}`]
      : { bf16: "u16", f32: "f32", f64: "f64", f16: undefined }[(element as FloatType).name];
  if (name === undefined) throw unsupported(op, element.kind);
  return name;
}

/** What goes into a view for an element that a core body keeps. */
export function storedElement(element: Type, value: string): string {
  return element.kind === "float" && element.name === "bf16" ? `rt.toBf16(${value})` : value;
}

/** How a core body keeps the element that a view gives. */
export function loadedElement(op: Operation, element: Type, expression: string): string {
  if (element.kind === "float") return element.name === "bf16" ? `rt.fromBf16(${expression})` : expression;
  if ((element as IntegerType).width === 1) return `${expression} & 1`;
  if (element.kind !== "integer") throw unsupported(op, element.kind);
  return expression;
}
