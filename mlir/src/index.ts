export { CoreBuilder } from "./builder/core-builder.ts";
export {
  type CoreOptions,
  DesignBuilder,
  type FifoOptions,
  type LinkOptions,
  type SequenceOptions,
} from "./builder/design-builder.ts";
export type { FifoHandle, KernelHandle, TileHandle } from "./builder/handles.ts";
export { SequenceBuilder, type TransferOptions } from "./builder/sequence-builder.ts";
export {
  type DeviceModel,
  deviceModel,
  deviceModels,
  type Generation,
  tileKind,
  tileModel,
} from "./device-model/device-model.ts";
export {
  lockWindowBase,
  type MemoryWindow,
  memoryWindow,
  memoryWindowBase,
  memtileReaches,
  type TileCoord,
} from "./device-model/neighbours.ts";
export { type Bundle, bundles, type PortCount, packetSwitch, shimMuxPorts, switchPorts } from "./device-model/ports.ts";
export {
  bdOffset,
  channelControlOffset,
  columnShift,
  controllerIdMask,
  controllerIdShift,
  lockOffset,
  rowShift,
  splitAddress,
  taskQueueRegisterOffset,
  taskQueueWord,
  tileAddress,
  tileOffsetMask,
} from "./device-model/registers.ts";
export {
  bdIdsOfChannel,
  type DmaDirection,
  type DmaModel,
  lockMaxValue,
  type TileKind,
  type TileModel,
  tileModels,
} from "./device-model/tile-model.ts";
export {
  type ArrayAttr,
  type Attribute,
  type BdDim,
  type BdPad,
  boolAttr,
  enumAttr,
  integerAttr,
  stringAttr,
  symbolAttr,
  typeAttr,
} from "./ir/attributes.ts";
export { type Diagnostic, formatDiagnostic } from "./ir/diagnostic.ts";
export {
  Block,
  type Location,
  Operation,
  type OperationState,
  Region,
  type Successor,
  Value,
  walk,
} from "./ir/operation.ts";
export {
  bitWidth,
  type FloatType,
  type FunctionType,
  type IntegerType,
  type MemRefType,
  memref,
  memrefBytes,
  memrefElements,
  type Type,
  type VectorType,
} from "./ir/types.ts";
export { type CoreMemory, coreMemory } from "./lowering/core-memory.ts";
export { type LoweredDesign, lowerDesign } from "./lowering/lower-design.ts";
export { lowerSequence } from "./lowering/sequence/lower-sequence.ts";
export { absoluteAddress } from "./lowering/sequence/register-ops.ts";
export { type ParseOptions, parseModule } from "./parser/module.ts";
export { printGenericModule } from "./printer/generic.ts";
export { printModule } from "./printer/module.ts";
export {
  type Design,
  type DesignOptions,
  type DesignSequence,
  findKernel,
  type KernelEntry,
  type KernelSource,
  type ParamSpec,
  registry,
} from "./registry.ts";
export { verify } from "./verifier/verify.ts";
