// SPDX-License-Identifier: Apache-2.0
// The registers under which all points can be read, in one of two widths, and how one is read with a common tool.

interface Listed {
  address: number;
  registers: number;
  type: string;
  f64_address?: number | null;
}

export type Width = 'f32' | 'f64';
const F64_REGISTERS = 4;

/** The list in a width: a point without an address in it is left out. */
export function inWidth<R extends Listed>(registers: R[], width: Width): R[] {
  if (width === 'f32') return registers;
  return registers.flatMap((register) => {
    const { f64_address: address } = register;
    return typeof address === 'number' ? [{ ...register, address, registers: F64_REGISTERS, type: 'f64' }] : [];
  });
}

export interface Endpoint {
  service: string;
  port: number;
  state: string;
}

/** The listener that a tool without certificates can read: Modbus TCP. */
export function readable<E extends Endpoint>(listeners: E[]): E | null {
  return listeners.find(({ service, port }) => service === 'modbus_tcp' && port > 0) ?? null;
}

export interface Wanted {
  unit: number;
  address: number;
  registers: number;
  type: string;
}

/** A line for a shell that reads one value once. mbpoll decodes 32 bits; what is wider it shows as registers. */
export function mbpoll(host: string, port: number, { unit, address, registers, type }: Wanted): string {
  const form = type === 'f32' ? '-t 4:float -B -c 1' : `-t 4:hex -c ${registers}`;
  return `mbpoll -m tcp -a ${unit} -0 -r ${address} ${form} -1 -p ${port} ${host}`;
}
