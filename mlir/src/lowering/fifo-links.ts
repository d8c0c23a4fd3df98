import { DesignError } from "@aiekit/core";
import type { Attribute } from "../ir/attributes.ts";
import type { Operation, Value } from "../ir/operation.ts";
import { memrefElements } from "../ir/types.ts";
import { type Device, integers, opsNamed } from "./device-ops.ts";
import type { Fifo } from "./fifo.ts";
import { withLocation } from "./location.ts";

/** Fifos that a tile's DMA joins through one set of buffers. */
export interface Link {
  readonly kind: "forward" | "distribute" | "join";
  readonly inputs: readonly Fifo[];
  readonly outputs: readonly Fifo[];
  /** The tile that all of them share. */
  readonly tile: Value;
  /** The fifo whose objects are the buffers. */
  readonly holder: Fifo;
  /** How often every object is sent on. */
  readonly repeat: number;
  /** Distribute and join: place and length of each part in the object, in elements; one part otherwise. */
  readonly parts: readonly LinkPart[];
}

interface LinkPart {
  /** In elements of the object, as the length. */
  readonly offset: number;
  readonly length: number;
}

/** Every link of a device. @throws DesignError when a fifo is in more than one. */
export function readLinks(device: Device, fifos: readonly Fifo[]): Link[] {
  const byName = new Map(fifos.map((f) => [f.name, f]));
  const taken = new Set<Fifo>();
  const readLink = (op: Operation): Link => {
    const named = (key: string) =>
      symbolsOf(op.attributes.get(key)).map((name) => {
        const fifo = byName.get(name);
        if (fifo === undefined) throw new DesignError(`objectFifo link: there is no objectFifo @${name}`);
        if (taken.has(fifo)) {
          throw new DesignError(`objectFifo @${name}: objectfifo cannot be in more than one ObjectFifoLinkOp`, {
            hint: `let a core between copy what @${name} brings into another objectFifo, and link that one on`,
          });
        }
        taken.add(fifo);
        return fifo;
      });
    const offsets = [...integers(op.attributes.get("src_offsets")), ...integers(op.attributes.get("dst_offsets"))];
    return makeLink(named("fifoIns"), named("fifoOuts"), offsets);
  };
  return opsNamed(device, "aie.objectfifo.link").map((op) => withLocation(op, () => readLink(op)));
}

export function linkOf(links: readonly Link[], fifo: Fifo): Link | undefined {
  return links.find((link) => link.inputs.includes(fifo) || link.outputs.includes(fifo));
}

function makeLink(inputs: readonly Fifo[], outputs: readonly Fifo[], offsets: readonly number[]): Link {
  const [input] = inputs;
  const [output] = outputs;
  if (input === undefined || output === undefined) {
    throw new DesignError("objectFifo link: expected an input and an output");
  }
  const kind = inputs.length > 1 ? "join" : outputs.length > 1 ? "distribute" : "forward";
  const holder = kind === "join" ? output : kind === "distribute" ? input : holderOfForward(input, output);
  const total = memrefElements(holder.element) ?? 0;
  const parts =
    kind === "forward"
      ? [{ offset: 0, length: total }]
      : offsets.map((offset, i) => ({ offset, length: (offsets[i + 1] ?? total) - offset }));
  return { kind, inputs, outputs, tile: output.producer, holder, parts, repeat: output.repeatCount ?? 1 };
}

/**
 * The larger object holds; the input when both are of one size, the output when it starts with values. Zeros that the
 * output's DMA puts around an object are in no buffer: the input holds. Source: AIEObjectFifoStatefulTransform since
 * 12 March 2026; before, such a link filled buffers of the padded size with objects of the other and stood still.
 */
function holderOfForward(input: Fifo, output: Fifo): Fifo {
  if (output.initValues.length > 0) return output;
  if (output.padDimensions !== undefined) return input;
  return (memrefElements(input.element) ?? 0) >= (memrefElements(output.element) ?? 0) ? input : output;
}

function symbolsOf(attr: Attribute | undefined): string[] {
  if (attr?.kind !== "array") return [];
  return attr.elements.map((e) => (e.kind === "symbol" ? (e.path.at(-1) ?? "") : ""));
}
