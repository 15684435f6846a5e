// SPDX-License-Identifier: Apache-2.0

export const verdict = {
  'verdict.meter_silent':
    'Unidad {unit}: sin respuesta, otras de la línea responden. Compruebe dirección, hilos y alimentación.',
  'verdict.meter_silent_serial':
    'Unidad {unit}: sin respuesta. Compruebe dirección, si A y B están cambiados, velocidad y paridad, adaptador y alimentación.',
  'verdict.meter_silent_tcp':
    'Unidad {unit}: sin respuesta. Compruebe la dirección y lo que hay detrás de aquella pasarela.',
  'verdict.meter_silent_all': 'Unidad {unit}: sin respuesta, como todas las de la línea.',
  'verdict.meter_garbled':
    'Unidad {unit}: todas las respuestas son ilegibles, las de otras no. Dos contadores con esta dirección, su velocidad o paridad, o su cableado.',
  'verdict.meter_garbled_all':
    'Unidad {unit}: todas las respuestas son ilegibles, como en toda la línea. Compruebe velocidad, paridad y polaridad.',
  'verdict.meter_refuses':
    'Unidad {unit}: lo rechaza todo con la excepción {exception}. No es el contador de su mapa de registros.',
  'verdict.meter_twice':
    'Unidad {unit}: {share} de las respuestas llegan dos veces. El contador o un convertidor las repite, o dos ' +
    'contadores tienen esta dirección.',
  'verdict.meter_late':
    'Unidad {unit}: {count} respuestas llegaron después del plazo de {timeout}. El plazo es demasiado corto.',
  'verdict.meter_block_silent':
    'Unidad {unit}: no hay respuesta a los registros {first} a {last} (función {function}), los demás responden. Quítelos del mapa de registros.',
  'verdict.meter_block_garbled':
    'Unidad {unit}: no hay respuesta utilizable a los registros {first} a {last} (función {function}), los demás responden. Quítelos del mapa de registros.',
  'verdict.meter_crc':
    'Unidad {unit}: {share} de errores de control, solo en este contador. Compruebe su cableado y la terminación.',
  'verdict.meter_crc_some':
    'Unidad {unit}: {share} de errores de control, como {count} de {of} contadores. Compruebe la parte del cable que comparten.',
  'verdict.meter_crc_all': 'Unidad {unit}: {share} de errores de control, como toda la línea.',
  'verdict.meter_crc_alone':
    'Unidad {unit}: {share} de errores de control. Compruebe cableado, terminación, polarización y velocidad de la línea.',
  'verdict.meter_losses':
    'Unidad {unit}: {share} de las peticiones quedan sin respuesta, solo en este contador. Un contacto flojo, o se le pregunta demasiado deprisa.',
  'verdict.meter_losses_all':
    'Unidad {unit}: {share} de las peticiones quedan sin respuesta, como en toda la línea.',
  'verdict.meter_foreign':
    'Unidad {unit}: otro responde a {share} de las peticiones. Dos maestros, o un contador que da una dirección equivocada.',
  'verdict.meter_narrowed':
    'Unidad {unit}: no tiene {count} puntos de su mapa de registros (excepción {exception}). Otro modelo o versión.',
  'verdict.meter_exceptions': 'Unidad {unit}: rechaza {share} de las peticiones (excepción {exception}).',
  'verdict.meter_slow':
    'Unidad {unit}: las respuestas tardan {mean} de los {timeout} que se esperan. El plazo es demasiado corto.',
  'verdict.line_silent':
    'Ninguna de {of} unidades responde. Compruebe el adaptador, si A y B están cambiados, velocidad y paridad.',
  'verdict.line_silent_tcp':
    'Ninguna de {of} unidades responde. Compruebe lo que hay detrás de aquella pasarela, y sus ajustes.',
  'verdict.line_garbled':
    'Todas las respuestas son ilegibles. Compruebe velocidad y paridad, y si A y B están cambiados.',
  'verdict.line_masters':
    'Otro maestro pregunta en esta línea, {count} peticiones últimamente. Una línea admite un solo maestro.',
  'verdict.line_crc':
    '{share} de errores de control en {count} de {of} contadores. Compruebe terminación, polaridad, polarización y velocidad de la línea.',
  'verdict.line_crc_some':
    'Errores de control en {count} de {of} contadores y no en los demás. Compruebe la parte del cable que comparten.',
  'verdict.line_losses':
    '{share} de las peticiones quedan sin respuesta, en {count} de {of} contadores. El adaptador, un hilo suelto o perturbaciones.',
  'verdict.line_foreign':
    '{count} respuestas que nadie esperaba. Dos maestros, o contadores que responden por otros.',
  'verdict.line_overload':
    'Se pide {demand} veces lo que la línea puede llevar. Elija periodos más largos, menos valores o más velocidad.',
  'verdict.line_noise':
    '{count} ruidos entre las tramas. Compruebe polarización, pantalla y perturbaciones.',
  'verdict.line_echo':
    'El adaptador devuelve lo que se envía. No hace daño; su eco se puede desactivar.',
};
