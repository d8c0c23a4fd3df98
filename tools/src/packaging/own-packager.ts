import { buildPdi, buildXclbin, npuKernelArgs } from "@aiekit/xclbin";
import { checkConfiguration } from "./check-configuration.ts";
import {
  type PackagedDesign,
  type PackageRequest,
  type Packager,
  packageDesign,
  packageFileNames,
  partitionOf,
} from "./packager.ts";

/** Changes when the bytes of an output may change. */
const writerVersion = "own packager 1";

/** This project's writers. No tool, no clock, no chance: equal requests give equal bytes, uuids follow from content. */
export const ownPackager: Packager = {
  name: "own",
  versions: { pdi: writerVersion, xclbin: writerVersion },
  missing: {},
  toolInputs: { pdi: () => ({}), xclbin: () => ({}) },
  packPdi: async ({ deviceSymbol, cdo }) => {
    checkConfiguration(deviceSymbol, cdo);
    const names = packageFileNames(deviceSymbol);
    return buildPdi((["elfs", "init", "enable"] as const).map((part) => ({ name: names[part], bytes: cdo[part] })));
  },
  packXclbin: async (request) => {
    const names = packageFileNames(request.deviceSymbol);
    return buildXclbin({
      ...request,
      ...partitionOf(request),
      args: npuKernelArgs(request.bufferCount),
      sectionNames: { memTopology: sectionName(names.memTopology), aiePartition: sectionName(names.aiePartition) },
    });
  },
  commands: ({ deviceSymbol, device, bufferCount }) => {
    const { elfs, init, enable, pdi, xclbin } = packageFileNames(deviceSymbol);
    return {
      pdi: `aiekit pack ${elfs} ${init} ${enable} -o ${pdi}`,
      xclbin: `aiekit pack ${pdi} --device ${device} --buffers ${bufferCount} -o ${xclbin}`,
    };
  },
};

/** @throws DesignError for CDO files that configure nothing useful; FormatError for files that are no CDO. */
export function packageOwn(request: PackageRequest): Promise<PackagedDesign> {
  return packageDesign(ownPackager, request);
}

/** xclbinutil names a section after its JSON file, in 15 characters. */
function sectionName(file: string): string {
  return file.replace(/\.json$/, "").slice(0, 15);
}
