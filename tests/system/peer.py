# SPDX-License-Identifier: Apache-2.0
"""A Modbus client of another implementation, pymodbus, by what all its versions 3 have in
common: the plain TCP client with named arguments."""

import inspect


class Peer:
    """Connected to a port of this machine; a with statement closes it."""

    def __init__(self, port):
        # Imported here: where pymodbus is missing, its tests fail and no others.
        from pymodbus.client import ModbusTcpClient
        self.client = ModbusTcpClient("127.0.0.1", port=port)
        assert self.client.connect()
        # The argument for the unit was renamed in 3.10.
        names = inspect.signature(self.client.read_coils).parameters
        self.unit = "slave" if "slave" in names else "device_id"

    def __enter__(self):
        return self

    def __exit__(self, *why):
        self.client.close()

    def read(self, function, address, count, unit):
        """The answer to functions 2, 3 and 4."""
        call = {2: self.client.read_discrete_inputs, 3: self.client.read_holding_registers,
                4: self.client.read_input_registers}[function]
        return call(address, count=count, **{self.unit: unit})

    def write(self, function, address, value, unit):
        """The answer to functions 5 and 6."""
        call = {5: self.client.write_coil, 6: self.client.write_register}[function]
        return call(address, value, **{self.unit: unit})
