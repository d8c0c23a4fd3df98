import { failAt, type SectionSource } from "./section-source.ts";
import { parseXml, type XmlElement, XmlError } from "./xml.ts";

const addressQualifiers = ["SCALAR", "GLOBAL", "CONSTANT", "LOCAL", "STREAM"] as const;
export type AddressQualifier = (typeof addressQualifiers)[number];

export interface KernelArg {
  readonly name: string;
  readonly index: number;
  /** GLOBAL arguments are buffers. */
  readonly qualifier: AddressQualifier;
  /** C type as text: `uint64_t`, `char *`, `void*`. */
  readonly type: string;
  readonly sizeBytes: number;
  /** Place in the command's register map. */
  readonly offsetBytes: number;
  readonly hostSizeBytes: number;
}

/** A kernel as XRT sees it. */
export interface XclbinKernel {
  readonly name: string;
  /** "dpu" for the NPU. */
  readonly type: string;
  /** From extended-data; absent where the element is: XRT then takes 0. */
  readonly dpuKernelId: number | undefined;
  readonly functional: number | undefined;
  readonly args: readonly KernelArg[];
  readonly instances: readonly string[];
  /** False for xclbins of 2023 and early 2024, which are called as kernel(instr, ninstr, ...). */
  readonly hasOpcode: boolean;
}

/**
 * The document of EMBEDDED_METADATA. Kept as elements, because attribute order and the case of hex digits differ between
 * versions of xclbinutil.
 * @throws FormatError with the byte offset where it is not well-formed.
 */
export function readEmbeddedMetadata(source: SectionSource): XmlElement {
  try {
    return parseXml(source.bytes);
  } catch (error) {
    if (error instanceof XmlError) failAt(source, error.offset, `XML: ${error.message}`);
    throw error;
  }
}

/**
 * Kernels of the document, project/platform/device/core/kernel.
 * @throws FormatError that names kernel, argument and attribute where one that XRT reads is missing or no number.
 */
export function kernelsOf(root: XmlElement, source: SectionSource): XclbinKernel[] {
  const path = ["platform", "device", "core", "kernel"];
  const start = root.name === "project" ? [root] : [];
  const kernels = path.reduce((elements, name) => elements.flatMap((element) => children(element, name)), start);
  return kernels.map((element) => kernelOf(element, source));
}

function kernelOf(element: XmlElement, source: SectionSource): XclbinKernel {
  const name = required({ element, attribute: "name", what: "kernel", source });
  const extended = children(element, "extended-data")[0];
  const extendedNumber = (attribute: string): number | undefined => {
    const text = extended === undefined ? undefined : attributeOf(extended, attribute);
    if (extended === undefined || text === undefined) return undefined;
    return number({ element: extended, attribute, what: `kernel ${name} extended-data`, source });
  };
  const args = children(element, "arg").map((arg) => argOf(arg, `kernel ${name}`, source));
  return {
    name,
    type: attributeOf(element, "type") ?? "pl",
    dpuKernelId: extendedNumber("dpu_kernel_id"),
    functional: extendedNumber("functional"),
    args,
    instances: children(element, "instance").map((instance) =>
      required({ element: instance, attribute: "name", what: `kernel ${name} instance`, source }),
    ),
    hasOpcode: args.some((arg) => arg.index === 0 && arg.name === "opcode"),
  };
}

function argOf(element: XmlElement, kernel: string, source: SectionSource): KernelArg {
  const name = required({ element, attribute: "name", what: `${kernel} arg`, source });
  const what = `${kernel} arg ${name}`;
  const value = (attribute: string): number => number({ element, attribute, what, source });
  const code = value("addressQualifier");
  const qualifier = addressQualifiers[code];
  if (qualifier === undefined) {
    return failAt(source, element.offset, `${what}: addressQualifier: expected 0 to 4, got ${code}`);
  }
  return {
    name,
    index: value("id"),
    qualifier,
    type: attributeOf(element, "type") ?? "",
    sizeBytes: value("size"),
    offsetBytes: value("offset"),
    hostSizeBytes: value("hostSize"),
  };
}

interface Wanted {
  readonly element: XmlElement;
  readonly attribute: string;
  readonly what: string;
  readonly source: SectionSource;
}

function number(wanted: Wanted): number {
  const text = required(wanted);
  const value = /^(0x[0-9a-f]+|\d+)$/i.test(text) ? Number(text) : Number.NaN;
  if (Number.isSafeInteger(value)) return value;
  const { element, attribute, what, source } = wanted;
  return failAt(source, element.offset, `${what}: ${attribute}: expected a number, got ${JSON.stringify(text)}`);
}

function required({ element, attribute, what, source }: Wanted): string {
  const value = attributeOf(element, attribute);
  return value ?? failAt(source, element.offset, `${what}: expected attribute ${attribute}, which XRT requires`);
}

function attributeOf(element: XmlElement, name: string): string | undefined {
  return element.attributes.find(([key]) => key === name)?.[1];
}

function children(element: XmlElement, name: string): XmlElement[] {
  return element.children.filter((child) => child.name === name);
}
