// SPDX-License-Identifier: Apache-2.0
// How a register of the supervisor is read with a common tool.

export interface Endpoint {
  service: string;
  address: string;
  port: number;
}

/** mbpoll's names for the types; what it can't decode is read as plain registers. */
const TYPES: Record<string, string> = { f32: '4:float', u32: '4:int', s32: '4:int', i32: '4:int' };
/** Holding registers as numbers of 16 bits. */
const PLAIN = '4';

function isPlain({ service }: Endpoint): boolean {
  return !/tls|secur/i.test(service);
}

/** The listener that a tool without certificates can read: Modbus TCP before RTU over TCP. */
export function readable<E extends Endpoint>(listeners: E[]): E | null {
  const plain = listeners.filter(isPlain);
  return plain.find(({ service }) => !/rtu/i.test(service)) ?? plain[0] ?? null;
}

export interface Wanted {
  unit: number;
  address: number;
  registers: number;
  type: string;
}

/** A line for a shell: reads one value once. Big-endian words, as the supervisor gives them, are -B. */
export function mbpoll(host: string, port: number, { unit, address, registers, type }: Wanted): string {
  const kind = TYPES[type];
  const many = kind ? '-c 1' : `-c ${registers}`;
  const order = kind ? ' -B' : '';
  return `mbpoll -m tcp -a ${unit} -0 -r ${address} ${many} -t ${kind ?? PLAIN}${order} -1 -p ${port} ${host}`;
}
