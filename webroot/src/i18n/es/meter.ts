// SPDX-License-Identifier: Apache-2.0

export const meter = {
  'meter.computed': 'Calculado por la pasarela',
  'meter.computed.of': 'Calculado: {formula}',
  'meter.circuits': 'Circuito {names}',
  'meter.achieved': 'Periodo alcanzado',
  'meter.toBus': 'Abrir la línea',
  'meter.extremes': 'Mínimos y máximos de hoy',
  'meter.extremes.none': 'Hoy aún no hay valores',
  'meter.extremes.none.help':
    'En cuanto el contador responda, aquí están sus valores extremos desde medianoche.',
  'meter.extremes.about':
    'Las horas de valores anteriores son las de los cinco minutos en los que se dieron.',
  'column.least': 'Mínimo',
  'column.largest': 'Máximo',
  'phasor.name': 'Fasor',
  'phasor.size': 'Módulo',
  'phasor.angle': 'Ángulo',
  'phasor.basis.meter': 'Los ángulos son los del contador.',
  'phasor.basis.triangle':
    'Los ángulos de las tensiones salen de las tensiones entre fases, los de las corrientes de las potencias.',
  'phasor.basis.even':
    'Las tensiones se dibujan a un tercio de vuelta; los ángulos de las corrientes salen de las potencias.',
  'phasor.basis.between':
    'Sin neutro se dibujan las tensiones entre fases, y las corrientes respecto al centro de su triángulo.',
  'wiring.title': 'Conexión',
  'wiring.good': 'Bien',
  'wiring.warn': 'Revisar',
  'wiring.bad': 'Mal',
  'wiring.unknown': 'No se sabe',
  'wiring.none': 'Nada que comprobar',
  'wiring.none.help':
    'La comprobación necesita tensiones, corrientes y potencias de las fases; este contador no da ninguna.',
  'wiring.check.voltage': 'Tensiones',
  'wiring.check.order': 'Orden de fases',
  'wiring.check.currents': 'Corrientes',
  'wiring.check.size': 'Relaciones',
  'wiring.check.balance': 'Equilibrio',
  'wiring.voltage.good': 'Todas las tensiones están y son parecidas.',
  'wiring.voltage.single': 'La tensión está; el contador mide una fase.',
  'wiring.voltage.none': 'El contador no da tensiones de las fases.',
  'wiring.voltage.dead': 'No hay tensión en ninguna fase. Compruebe los fusibles de las entradas de tensión.',
  'wiring.voltage.missing': 'No hay tensión en {phases}. Compruebe su fusible y su hilo hasta el contador.',
  'wiring.voltage.missingBetween':
    'Falta una tensión entre fases, de {phases} a la siguiente. Compruebe fusibles e hilos de ambas.',
  'wiring.voltage.same':
    '{phases} están en el mismo conductor: no hay tensión entre ellas. Cambie de sitio uno de los hilos de tensión.',
  'wiring.voltage.uneven':
    'Las tensiones se apartan un {value} de su media. Compruebe el neutro: flojo o cortado causa esto.',
  'wiring.order.good': 'L1, L2, L3 se siguen como deben.',
  'wiring.order.reversed':
    'Las fases se siguen al revés. Intercambie dos hilos de tensión, y con ellos sus transformadores de corriente.',
  'wiring.order.odd':
    'Las tensiones no están a un tercio de vuelta. Compruebe los hilos de tensión de todas las fases.',
  'wiring.order.noAngles': 'Este contador no da los ángulos de sus tensiones, lo único que lo diría.',
  'wiring.currents.good': 'Cada corriente va con su tensión y circula en el sentido correcto.',
  'wiring.currents.signs':
    'Ninguna fase entrega. Las potencias activas solas no dicen si hay corrientes cambiadas.',
  'wiring.currents.none': 'El contador no da corrientes de las fases.',
  'wiring.currents.idle':
    'Por debajo del 5 % de carga los ángulos no dicen nada. Vuelva a mirar cuando haya más encendido.',
  'wiring.currents.noPowers':
    'El contador no da potencias activas de las fases, lo único que lo diría.',
  'wiring.currents.reactive':
    'Las corrientes son solo reactivas: bien para condensadores; en cualquier otra cosa todas están en fases equivocadas.',
  'wiring.currents.export':
    'Todas las fases entregan: bien donde inyecta un generador. Si no, todos los transformadores de corriente están al revés: gírelos o ponga «invert» en este contador.',
  'wiring.currents.reversed':
    '{phases}: la corriente circula al revés. Intercambie S1 y S2 del transformador de corriente, salvo que un generador inyecte solo en esta fase.',
  'wiring.currents.moved':
    'Las corrientes de {phases} son de otras fases que sus tensiones. Intercambie entre ellas los transformadores de corriente o los hilos de tensión.',
  'wiring.currents.movedReversed':
    'Las corrientes de {phases} no encajan ni con sus fases ni con sus sentidos. Compruebe qué transformador va a qué entrada, y sus S1 y S2.',
  'wiring.currents.unclear':
    'Los ángulos de {phases} son inusuales y no encajan con un solo error. Compare fase por fase con una pinza.',
  'wiring.size.good': 'Las potencias son las que dan tensión y corriente.',
  'wiring.size.none': 'Muy poca carga, o faltan potencias de las fases.',
  'wiring.size.tooLarge':
    'Las potencias son {value} veces lo que dan tensión y corriente: una relación de transformación cuenta para las potencias y no para la corriente.',
  'wiring.size.tooSmall':
    'Tensión y corriente dan {value} veces las potencias: una relación de transformación cuenta para la corriente y no para las potencias.',
  'wiring.size.aboveRated':
    'La corriente es {value} veces la nominal del circuito. Compruebe la relación de los transformadores de corriente y el calibre.',
  'wiring.balance.good': 'Las fases se apartan un {value} de su media.',
  'wiring.balance.uneven':
    'Las fases se apartan un {value} de su media: una lleva mucho más que las otras.',
  'wiring.balance.idle': 'Muy poca carga.',
};
