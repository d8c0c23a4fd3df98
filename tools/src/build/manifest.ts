import { type ArgSpec, dtypeBytes, elementCount, type FileRef, type Manifest, sealManifest } from "@aiekit/core";
import type { DesignSequence } from "@aiekit/mlir";
import { loadingPdi, readXclbin, writeFullElf, writeInstsElf } from "@aiekit/xclbin";
import { sha256 } from "../cache/sha256.ts";
import { launchParameter } from "./launch-parameter.ts";
import { instsFormatParam, type ResolvedRequest } from "./request.ts";
import type { BuildTools } from "./tool-versions.ts";
import { xclbinKernelName } from "./xclbin-kernel.ts";

/** Files of a build's folder: path in it -> content. */
export type ProductFiles = ReadonlyMap<string, Uint8Array | string>;

interface ManifestSource {
  readonly request: ResolvedRequest;
  readonly sequences: readonly DesignSequence[];
  /** Instruction stream of a sequence, also of those that are samples of a parameter. */
  readonly instsOf: (sequence: string) => Uint8Array;
  /** Kernel name inside the xclbin. */
  readonly xclbinKernel: string;
  readonly products: ProductFiles;
  /** Texts of sources and headers by path. */
  readonly inputs: ReadonlyMap<string, string>;
  readonly tools: BuildTools;
}

/** Names of the files in a build's folder. */
export const productPaths = {
  design: "design.mlir",
  lowered: "lowered.mlir",
  xclbin: (kernel: string) => `${kernel}.xclbin`,
  insts: (sequence: string) => `insts/${sequence}.bin`,
  instsElf: (sequence: string) => `insts/${sequence}.elf`,
  fullElf: (kernel: string) => `${kernel}.elf`,
  manifest: "manifest.json",
} as const;

interface ProductsSource extends Omit<ManifestSource, "products" | "xclbinKernel"> {
  /** Text of the design. */
  readonly design: string;
  /** Text of the lowered design. */
  readonly lowered: Uint8Array;
  readonly xclbin: Uint8Array;
}

/** All files of a build's folder, the manifest that describes them among them. */
export function buildProducts({ design, lowered, xclbin, ...source }: ProductsSource): ProductFiles {
  const products = new Map<string, Uint8Array | string>([
    [productPaths.design, design],
    [productPaths.lowered, lowered],
    [productPaths.xclbin(source.request.entry.name), xclbin],
    ...source.sequences.map(({ name }) => [productPaths.insts(name), source.instsOf(name)] as const),
  ]);
  if (instsFormat(source.request) === "full-elf") {
    products.set(productPaths.fullElf(source.request.entry.name), fullElfOf(source, xclbin));
  }
  if (instsFormat(source.request) === "elf") {
    for (const { name } of source.sequences) {
      const elf = writeInstsElf(source.instsOf(name), `${source.request.entry.name}: ${name}`);
      products.set(productPaths.instsElf(name), elf);
    }
  }
  const manifest = describeBuild({ ...source, products, xclbinKernel: xclbinKernelName });
  return products.set(productPaths.manifest, sealManifest(manifest));
}

/** Describes a finished build. Holds no time and no path of this machine: equal builds have equal manifests. */
function describeBuild(source: ManifestSource): Manifest {
  const { request, products } = source;
  const product = (path: string): FileRef => {
    const content = products.get(path);
    if (content === undefined) throw new RangeError(`build of ${request.entry.name} made no ${path}`);
    return fileRef(path, content);
  };
  return {
    format: "aiekit-manifest",
    version: 1,
    kernel: request.entry.name,
    about: request.entry.about,
    target: request.target,
    device: request.device,
    params: request.params,
    design: product(productPaths.design),
    lowered: product(productPaths.lowered),
    xclbin: product(productPaths.xclbin(request.entry.name)),
    xclbinKernel: source.xclbinKernel,
    ...(instsFormat(request) === "full-elf" && { fullElf: product(productPaths.fullElf(request.entry.name)) }),
    sequences: source.sequences.map(({ name, units, args, parameters, estimate }) => ({
      name,
      units,
      insts: product(productPaths.insts(name)),
      ...(instsFormat(request) === "elf" && { instsElf: product(productPaths.instsElf(name)) }),
      args: args.map(withBytes),
      ...(estimate && { estimate }),
      ...(parameters && { parameters: parameters.map((p) => launchParameter(p, name, source.instsOf)) }),
    })),
    inputs: [...source.inputs].map(([path, text]) => fileRef(path, text)),
    tools: Object.entries({ ...source.tools, node: { version: process.versions.node } }).map(([name, tool]) => ({
      name,
      ...tool,
    })),
  };
}

function instsFormat({ params }: ResolvedRequest): number | string {
  return params[instsFormatParam.name] ?? instsFormatParam.default;
}

/** One kernel, named as in the xclbin, with an instance for each sequence, which loads the xclbin's PDI and runs. */
function fullElfOf(source: Omit<ProductsSource, "xclbin" | "design" | "lowered">, xclbin: Uint8Array): Uint8Array {
  const { request, sequences, instsOf } = source;
  const name = request.entry.name;
  const pdi = readXclbin(xclbin, name).partition?.pdis[0]?.image;
  if (pdi === undefined) throw new RangeError(`build of ${name}: its xclbin has no PDI`);
  return writeFullElf({
    kernel: xclbinKernelName,
    argCount: Math.max(...sequences.map(({ args }) => args.length)),
    pdis: [{ id: 1, bytes: pdi }],
    instances: sequences.map((sequence) => ({ name: sequence.name, insts: loadingPdi(instsOf(sequence.name), 1) })),
  });
}

function withBytes(arg: Omit<ArgSpec, "bytes">): ArgSpec {
  return { ...arg, bytes: elementCount(arg.padded ?? arg.shape) * dtypeBytes(arg.dtype) };
}

function fileRef(path: string, content: Uint8Array | string): FileRef {
  return { path, bytes: Buffer.byteLength(content), sha256: sha256(content) };
}
