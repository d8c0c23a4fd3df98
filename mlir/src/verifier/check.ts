import type { DeviceModel } from "../device-model/device-model.ts";
import type { Operation, Value } from "../ir/operation.ts";

export interface Finding {
  /** What to do about it. */
  readonly hint?: string;
  /** The operation to point at, when it is not the checked one. */
  readonly at?: Operation;
  /** More than a register of the hardware holds, or a buffer. */
  readonly beyondLimit?: true;
}

/** What a rule sees of the module around its operation, and where it says what it found. */
export interface Check {
  /** Something the compiler refuses. */
  readonly error: (message: string, finding?: Finding) => void;
  /** Something the compiler accepts and the hardware, or the next step, does not do as written. */
  readonly warning: (message: string, finding?: Finding) => void;
  /** Limits of the device the operation stands in; undefined outside of one, and for devices that are no NPUs. */
  readonly device: DeviceModel | undefined;
  /** The operation that the device defines under this name. */
  readonly symbol: (name: string) => Operation | undefined;
  /** A device of the module, by name. */
  readonly deviceNamed: (name: string) => Operation | undefined;
  /** Operations that use the value, in program order. */
  readonly users: (value: Value | undefined) => readonly Operation[];
}
