export { CoreBuilder } from "./builder/core-builder.ts";
export { denseValues, type InitialValues } from "./builder/dense-values.ts";
export { DesignBuilder } from "./builder/design-builder.ts";
export type {
  BufferOptions,
  CoreOptions,
  FifoOptions,
  LinkOptions,
  LockOptions,
  PortOptions,
  SequenceOptions,
  ShimChannelOptions,
} from "./builder/design-options.ts";
export { type BdOptions, type ChainOptions, DmaBuilder, type LockUse } from "./builder/dma-builder.ts";
export type { PacketFlowOptions } from "./builder/fabric-ops.ts";
export type {
  BufferHandle,
  FifoHandle,
  KernelHandle,
  LockHandle,
  ShimChannelHandle,
  TaskHandle,
  TileHandle,
} from "./builder/handles.ts";
export type { TransferPattern } from "./builder/host-transfer.ts";
export { SequenceBuilder, type TaskOptions, type TransferOptions } from "./builder/sequence-builder.ts";
export { logmelSamples } from "./designs/logmel.ts";
export { type MatmulPlan, type MatmulShapePlan, matmulPlan } from "./designs/matmul.ts";
export { bdOverflows, bdShape, type FieldOverflow, overflowText } from "./device-model/bd-limits.ts";
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
export { type ExampleName, examples } from "./examples/examples.ts";
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
  bf16,
  bitWidth,
  type FloatType,
  type FunctionType,
  f32,
  type IntegerType,
  i8,
  i16,
  i32,
  index,
  type MemRefType,
  memref,
  memrefBytes,
  memrefElements,
  type Type,
  type VectorType,
} from "./ir/types.ts";
export { cloneOperation } from "./lowering/clone.ts";
export { type CoreMemory, coreMemory } from "./lowering/core-memory.ts";
export { type LoweredDesign, lowerDesign } from "./lowering/lower-design.ts";
export {
  type StructureFact,
  type StructureKind,
  type StructureOptions,
  structureOf,
} from "./lowering/lowered-structure.ts";
export { lowerSequence } from "./lowering/sequence/lower-sequence.ts";
export { absoluteAddress } from "./lowering/sequence/register-ops.ts";
export { broadcastName, eventName, eventNumber, isEvent, type TraceModule } from "./lowering/trace-events.ts";
export { eventBlockOffset, inEventBlock, switchPortNumber, traceRegisterOffset } from "./lowering/trace-registers.ts";
export { type ParseOptions, parseModule } from "./parser/module.ts";
export { placeTiles } from "./placement/place-tiles.ts";
export { printGenericModule } from "./printer/generic.ts";
export { printModule } from "./printer/module.ts";
export {
  type Design,
  type DesignOptions,
  type DesignSequence,
  findKernel,
  type InputShape,
  type KernelEntry,
  type KernelSource,
  type ParamSpec,
  registry,
  type SequenceParameter,
} from "./registry.ts";
export { routeFlows } from "./routing/route-flows.ts";
export { verify } from "./verifier/verify.ts";
