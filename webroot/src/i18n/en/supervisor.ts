// SPDX-License-Identifier: Apache-2.0
// Supervisor: what other systems read from the gateway.

export const supervisor = {
  'supervisor.lead':
    'Other systems read the values here over Modbus. The meters’ lines are never touched: answers come from the latest values.',
  'supervisor.listeners': 'Listeners',
  'supervisor.listeners.none': 'Nobody can read',
  'supervisor.listeners.none.help': 'Switch the supervisor on in the configuration, section “supervisor”.',
  'supervisor.service': 'Service',
  'supervisor.address': 'Address',
  'supervisor.connections': 'Connections',
  'supervisor.connections.none': 'Nobody is connected.',
  'supervisor.role': 'Role',
  'supervisor.since': 'Since',
  'supervisor.requests': 'Requests',
  'supervisor.units': 'Units',
  'supervisor.allPoints': 'all points as float32',
  'supervisor.registers': 'Registers of unit {unit}',
  'supervisor.filter': 'Filter by address, point or title',
  'supervisor.count.one': '{n} value',
  'supervisor.count.other': '{n} values',
  'supervisor.none': 'No register matches',
  'supervisor.moreRows.one': 'One more register. Narrow the filter to see it.',
  'supervisor.moreRows.other': '{n} more registers. Narrow the filter to see them.',
  'supervisor.csv': 'Download CSV',
  'supervisor.how': 'How to read it',
  'supervisor.how.lead':
    'Functions 3 and 4 give the same. Addresses count from 0; mbpoll counts from 1, which -0 undoes. “Good?” is the discrete input (function 2) that is 1 while the value is good.',
  'supervisor.how.point': 'Example: {title}',
  'supervisor.how.none': 'No unit has registers to read.',
  'supervisor.listener.listening': 'open',
  'supervisor.listener.closed': 'closed',
  'supervisor.units.help':
    'A meter’s unit answers with the registers of its own register map, as its maker documents them.',
  'supervisor.conflict':
    '{meter} (line {line}) can’t be reached: its unit {unit} is taken by {taken_by}. Give it another under “supervisor.units”.',
  'supervisor.base': 'Base unit',
  'supervisor.input': 'Good?',
  'supervisor.copy': 'Copy',
  'supervisor.copied': 'Copied',
  'supervisor.off': 'The supervisor is not part of this gateway or is switched off.',
  'column.address': 'Address',
  'column.registers': 'Registers',
  'column.type': 'Type',
  'column.present': 'Present value',
};
