import {
  argOffsets,
  contentUuid,
  defaultDpuKernelId,
  npuKernelArgs,
  npuMemoryBanks,
  npuPartition,
} from "@aiekit/xclbin";
import { type PdiRequest, packageFileNames, partitionOf, type ToolInputs, type XclbinRequest } from "./packager.ts";

/**
 * What bootgen packs: one image of one partition, whose CDO files it joins in this order. File names are relative to the
 * folder in which bootgen runs, because its grammar takes no comma, semicolon or letter outside ASCII.
 * Source: mlir-aie, aiecc; the identifiers are the same for npu1 and npu2.
 */
export function designBif(deviceSymbol: string): string {
  const { elfs, init, enable } = packageFileNames(deviceSymbol);
  return `all:
{
  id_code = 0x14ca8093
  extended_id_code = 0x01
  image
  {
    name=aie_image, id=0x1c000000
    { type=cdo file=${elfs} file=${init} file=${enable} }
  }
}
`;
}

/** bootgen's BIF by name. */
export function bootgenInputs({ deviceSymbol }: Pick<PdiRequest, "deviceSymbol">): ToolInputs {
  return { [packageFileNames(deviceSymbol).bif]: designBif(deviceSymbol) };
}

/** xclbinutil's JSON files by name. */
export function xclbinutilInputs(request: XclbinRequest): ToolInputs {
  const names = packageFileNames(request.deviceSymbol);
  return {
    [names.memTopology]: memTopologyJson(),
    [names.kernels]: kernelsJson(request),
    [names.aiePartition]: aiePartitionJson(request),
  };
}

/** For `--add-replace-section MEM_TOPOLOGY:JSON:`. Its tags are what `memory-connection` in kernels.json refers to. */
function memTopologyJson(): string {
  const banks = npuMemoryBanks.map((bank) => ({
    m_type: "MEM_DRAM",
    m_used: bank.used ? "1" : "0",
    m_sizeKB: hex(bank.sizeKib),
    m_tag: bank.tag,
    m_base_address: hex(bank.baseAddress),
  }));
  return json({ mem_topology: { m_count: String(banks.length), m_mem_data: banks } });
}

/** For `--add-kernel`, which makes EMBEDDED_METADATA, IP_LAYOUT, CONNECTIVITY and both GROUP sections of it. */
function kernelsJson(request: Omit<XclbinRequest, "pdi">): string {
  const args = npuKernelArgs(request.bufferCount);
  const offsets = argOffsets(args);
  const kernel = {
    name: request.kernelName,
    type: "dpu",
    "extended-data": { subtype: "DPU", functional: "0", dpu_kernel_id: hex(kernelId(request)) },
    arguments: args.map(({ name, memory, qualifier, type }, index) => ({
      name,
      ...(memory === undefined ? {} : { "memory-connection": memory }),
      "address-qualifier": qualifier,
      type,
      offset: offsets[index],
    })),
    instances: [{ name: request.instanceName }],
  };
  return json({ "ps-kernels": { kernels: [kernel] } });
}

/** For `--add-replace-section AIE_PARTITION:JSON:`. xclbinutil looks for the PDI beside the JSON file. */
function aiePartitionJson(request: XclbinRequest): string {
  const { columns, startColumns } = partitionOf(request);
  const { jsonName, groupName, pdiId, preCdoGroup } = npuPartition;
  const group = {
    name: groupName,
    type: "PRIMARY",
    pdi_id: hex(pdiId),
    dpu_kernel_ids: [hex(kernelId(request))],
    pre_cdo_groups: [hex(preCdoGroup)],
  };
  const partition = {
    name: jsonName,
    operations_per_cycle: String(npuPartition.operationsPerCycle),
    inference_fingerprint: String(npuPartition.inferenceFingerprint),
    pre_post_fingerprint: String(npuPartition.prePostFingerprint),
    partition: { column_width: columns, start_columns: startColumns },
    PDIs: [
      {
        uuid: contentUuid(request.pdi),
        file_name: packageFileNames(request.deviceSymbol).pdi,
        cdo_groups: [group],
      },
    ],
  };
  return json({ aie_partition: partition });
}

function kernelId({ dpuKernelId = defaultDpuKernelId }: Omit<XclbinRequest, "pdi">): number {
  return dpuKernelId;
}

function hex(value: number | bigint): string {
  return `0x${value.toString(16)}`;
}

function json(value: unknown): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}
