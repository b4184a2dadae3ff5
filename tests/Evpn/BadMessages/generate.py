#!/usr/bin/env python3
"""Writes cases.tsv: messages that a bad, odd or hostile BGP peer sends, each with what must come of it.

Made from the RFCs by octets; no line of the daemon's code takes part. Run it in its own folder: ./generate.py > cases.tsv

The session: we are AS 65001, router id 192.0.2.1, VTEP 192.0.2.1; the peer is AS 65002 (ebgp) or AS 65001 (ibgp), router id and VTEP 192.0.2.2. Both
announced AFI 25/SAFI 70, four-octet AS, route refresh and enhanced route refresh. `ebgp-as2`: the peer has no four-octet AS. `ebgp-long`: both
announced extended messages. VNI 100, route target 65001:100.

What takes several messages (max-prefix, a sticky MAC moved by another, a next hop that becomes unreachable) is not in this list.

Columns
  name      of the case, unique
  level     who decides: `codec` from the octets alone, `session` from the configuration or the state, `rib` from the routes
  rfc       where it is written
  session   ebgp, ibgp, ebgp-as2, ebgp-long
  state     the state of the session in which the message is sent: open-sent, open-confirm, established
  expected  `reset C/S`          the session ends with NOTIFICATION C/S
            `treat-as-withdraw`  the session stays; every route of the message is withdrawn (RFC 7606 2)
            `attribute-discard`  the session stays; the attribute is as if it had not been sent
            `skip-nlri`          the session stays; the bad route is as if it had not been sent, the others count
            `accept`             nothing is wrong, or nothing that matters
            `not-installed`      the route is held and shown, and not used
  data      data octets of the NOTIFICATION; `-` where the RFC names none or leaves them to us
  faults    names of the counters that move, by comma; `-` for none
  reach     routes that the message announces and that are well formed
  unreach   routes that the message withdraws and that are well formed
  mac       the MAC that the case is about, or `-`
  hex       the whole message
  why       the case in words
"""
import struct
import sys

EVPN = bytes([0, 25, 70])
MARKER = b'\xff' * 16
ROWS = []


def p16(n): return struct.pack('>H', n)
def p24(n): return struct.pack('>I', n)[1:]
def p32(n): return struct.pack('>I', n)
def ip(text): return bytes(int(x) for x in text.split('.'))


def message(kind, body, length=None, marker=MARKER):
    return marker + p16(19 + len(body) if length is None else length) + bytes([kind]) + body


def attr(flags, kind, value, length=None):
    n = len(value) if length is None else length
    if n > 255:
        flags |= 0x10
    return bytes([flags, kind]) + (p16(n) if flags & 0x10 else bytes([n])) + value


def update(attrs, withdrawn=b'', nlri=b'', withdrawn_length=None, attrs_length=None, **more):
    body = p16(len(withdrawn) if withdrawn_length is None else withdrawn_length) + withdrawn
    body += p16(len(attrs) if attrs_length is None else attrs_length) + attrs + nlri
    return message(2, body, **more)


def nlri(kind, value, length=None):
    return bytes([kind, len(value) if length is None else length]) + value


RD = bytes([0, 1]) + ip('192.0.2.2') + p16(2)
ESI0 = bytes(10)
V6 = bytes.fromhex('20010db8000000000000000000000002')


def mac_of(number): return bytes([2, 0xbd, 0, 0, number >> 8, number & 255])


def t2(mac, iplen=0, address=b'', label=100, label2=None, maclen=48, esi=ESI0, tag=0):
    value = RD + esi + p32(tag) + bytes([maclen]) + mac + bytes([iplen]) + address + p24(label)
    return nlri(2, value + (p24(label2) if label2 is not None else b''))


def t3(address=ip('192.0.2.2'), bits=None):
    return nlri(3, RD + p32(0) + bytes([len(address) * 8 if bits is None else bits]) + address)


def t5(bits=24, prefix=ip('10.1.2.0'), gateway=None, label=4000, esi=ESI0):
    return nlri(5, RD + esi + p32(0) + bytes([bits]) + prefix + (bytes(len(prefix)) if gateway is None else gateway) + p24(label))


def reach(routes, hop=ip('192.0.2.2'), flags=0x80, family=EVPN, reserved=0):
    return attr(flags, 14, family + bytes([len(hop)]) + hop + bytes([reserved]) + routes)


def unreach(routes, flags=0x80, family=EVPN): return attr(flags, 15, family + routes)


RT = bytes.fromhex('0002fde900000064')
VXLAN = bytes.fromhex('030c000000000008')
ORIGIN = attr(0x40, 1, b'\0')
PATH = attr(0x40, 2, bytes([2, 1]) + p32(65002))
PATH2 = attr(0x40, 2, bytes([2, 1]) + p16(65002))
PREF = attr(0x40, 5, p32(100))
COMMUNITIES = attr(0xc0, 16, RT + VXLAN)
HOP = attr(0x40, 3, ip('192.0.2.2'))
PMSI = attr(0xc0, 22, bytes([0, 6]) + p24(100) + ip('192.0.2.2'))
REST = ORIGIN + PATH + COMMUNITIES
REST_I = ORIGIN + attr(0x40, 2, b'') + PREF + COMMUNITIES
REST_2 = ORIGIN + PATH2 + COMMUNITIES


def case(name, rfc, expected, hexes, why, faults='-', reach_count=0, unreach_count=0, level='codec', session='ebgp', state='established', data='-', mac=None):
    ROWS.append([name, level, rfc, session, state, expected, data, faults, str(reach_count), str(unreach_count), mac.hex(':') if mac else '-', hexes.hex(), why])


def good(name, rfc, attrs, why, expected='accept', faults='-', rest=REST, routes=None, count=1, **more):
    """An UPDATE of one MAC, MP_REACH first, with something added behind the attributes it needs."""
    mac = mac_of(len(ROWS) + 1)
    case(name, rfc, expected, update(reach(t2(mac) if routes is None else routes(mac)) + rest + attrs), why, faults, count, mac=mac, **more)


def withdraw(name, rfc, attrs, why, faults, **more): good(name, rfc, attrs, why, 'treat-as-withdraw', faults, **more)
def discard(name, rfc, attrs, why, faults, **more): good(name, rfc, attrs, why, 'attribute-discard', faults, **more)


def headers():
    m = mac_of(1)
    case('marker-first-octet', 'RFC 4271 6.1', 'reset 1/1', message(4, b'', marker=b'\0' + MARKER[1:]), 'first octet of the marker is 0')
    case('marker-last-octet', 'RFC 4271 6.1', 'reset 1/1', message(4, b'', marker=MARKER[1:] + b'\xfe'), 'last bit of the marker is 0')
    for n in (0, 1, 18):
        case(f'header-length-{n}', 'RFC 4271 6.1', 'reset 1/2', message(4, b'', length=n), 'length below the header itself', data=p16(n).hex())
    case('header-length-4097', 'RFC 4271 6.1', 'reset 1/2', message(2, bytes(4097 - 19), length=4097), 'longer than 4096 without extended messages', data='1001')
    case('header-length-65535', 'RFC 4271 6.1', 'reset 1/2', message(2, b'\0' * 4, length=65535), 'the longest length there is', data='ffff')
    for n in (0, 6, 128, 255):
        case(f'header-type-{n}', 'RFC 4271 6.1', 'reset 1/3', message(n, b''), f'message type {n}', data=f'{n:02x}')
    case('keepalive-20', 'RFC 4271 6.1', 'reset 1/2', message(4, b'\0'), 'KEEPALIVE with a body', data='0014')
    case('keepalive-19', 'RFC 4271 4.4', 'accept', message(4, b''), 'KEEPALIVE')
    case('update-22', 'RFC 4271 6.1', 'reset 1/2', message(2, b'\0\0\0'), 'UPDATE below its least length', data='0016')
    case('update-19', 'RFC 4271 6.1', 'reset 1/2', message(2, b''), 'UPDATE without a body', data='0013')
    case('notification-20', 'RFC 4271 6.1', 'reset 1/2', message(3, b'\6'), 'NOTIFICATION without a subcode', data='0014')
    case('open-28', 'RFC 4271 6.1', 'reset 1/2', message(1, bytes([4]) + p16(65002) + p16(90) + ip('192.0.2.2')), 'OPEN without the length of its parameters', data='001c', state='open-sent')
    case('open-4097-extended', 'RFC 8654 4', 'reset 1/2', message(1, bytes(4097 - 19), length=4097), 'extended messages do not extend OPEN', data='1001', session='ebgp-long')
    case('refresh-22', 'RFC 4271 6.1, RFC 2918 3', 'reset 1/2', message(5, bytes([0, 25, 0])), 'ROUTE-REFRESH without a SAFI', data='0016')
    pad = update(reach(t2(m)) + REST)
    need = 4096 - len(pad) - 4
    case('update-4096', 'RFC 4271 4.1', 'accept', update(reach(t2(m)) + REST + attr(0xd0, 200, bytes(need))), 'the longest message without extended messages', '-', 1, mac=m)


def opens():
    def open_(version=4, asn=65002, hold=90, rid=ip('192.0.2.2'), params=None, length=None):
        if params is None:
            params = caps(MP + AS4)
        return message(1, bytes([version]) + p16(asn) + p16(hold) + rid + bytes([len(params) if length is None else length]) + params)

    def cap(code, value, length=None): return bytes([code, len(value) if length is None else length]) + value
    def caps(value, length=None): return bytes([2, len(value) if length is None else length]) + value
    MP = cap(1, bytes([0, 25, 0, 70]))
    AS4 = cap(65, p32(65002))

    def o(name, rfc, expected, message_, why, data='-', level='codec', **more):
        case('open-' + name, rfc, expected, message_, why, data=data, level=level, state='open-sent', **more)

    o('good', 'RFC 4271 4.2', 'accept', open_(), 'an OPEN')
    for v in (0, 3, 5):
        o(f'version-{v}', 'RFC 4271 6.2', 'reset 2/1', open_(version=v), f'version {v}', data='0004')
    o('as-0', 'RFC 7607 2', 'reset 2/2', open_(asn=0, params=caps(MP)), 'AS 0')
    o('as4-0', 'RFC 7607 2', 'reset 2/2', open_(params=caps(MP + cap(65, p32(0)))), 'AS 0 in the four-octet AS capability')
    o('as-differ', 'RFC 6793 3', 'reset 2/2', open_(params=caps(MP + cap(65, p32(65003)))), 'My Autonomous System and the capability name two ASes')
    o('as-not-ours', 'RFC 4271 6.2', 'reset 2/2', open_(asn=65003, params=caps(MP + cap(65, p32(65003)))), 'an AS that is not configured', level='session')
    for h in (1, 2):
        o(f'hold-{h}', 'RFC 4271 6.2', 'reset 2/6', open_(hold=h), f'hold time of {h} s')
    for h in (0, 3, 65535):
        o(f'hold-{h}', 'RFC 4271 4.2', 'accept', open_(hold=h), f'hold time of {h} s is legal')
    o('id-0', 'RFC 6286 2.2', 'reset 2/3', open_(rid=bytes(4)), 'BGP identifier 0')
    o('id-multicast', 'RFC 6286 2.2', 'accept', open_(rid=ip('224.0.0.1')), 'any identifier but 0 is a number like another')
    o('id-ours-internal', 'RFC 6286 2.2', 'reset 2/3', open_(asn=65001, rid=ip('192.0.2.1'), params=caps(MP + cap(65, p32(65001)))), 'our own identifier in our own AS', level='session', session='ibgp')
    o('id-ours-external', 'RFC 6286 2.2', 'accept', open_(rid=ip('192.0.2.1')), 'our own identifier in another AS')
    o('no-parameters', 'RFC 4760 8', 'reset 2/7', open_(params=b''), 'no capability: nothing to talk about', data='010400190046', level='session')
    o('no-evpn', 'RFC 5492 3', 'reset 2/7', open_(params=caps(cap(1, bytes([0, 1, 0, 1])) + AS4)), 'IPv4 unicast alone', data='010400190046', level='session')
    good_params = caps(MP + AS4)
    o('length-long', 'RFC 4271 6.2', 'reset 2/0', open_(length=len(good_params) + 1), 'the parameters end before their length')
    o('length-short', 'RFC 4271 6.2', 'reset 2/0', open_(length=len(good_params) - 1), 'octets behind the parameters')
    o('length-0-with-rest', 'RFC 4271 6.2', 'reset 2/0', open_(length=0), 'parameters behind a length of 0')
    o('parameter-header-cut', 'RFC 4271 6.2', 'reset 2/0', open_(params=good_params + b'\2'), 'a parameter of one octet')
    o('parameter-overrun', 'RFC 4271 6.2', 'reset 2/0', open_(params=caps(MP + AS4, length=len(MP + AS4) + 1)), 'a parameter longer than what is left')
    o('capability-overrun', 'RFC 5492 4', 'reset 2/0', open_(params=caps(MP + cap(65, p32(65002), length=5))), 'a capability longer than its parameter')
    o('capability-header-cut', 'RFC 5492 4', 'reset 2/0', open_(params=caps(MP + AS4 + b'\2')), 'a capability of one octet')
    for n in (1, 3, 254):
        o(f'parameter-{n}', 'RFC 4271 6.2', 'reset 2/4', open_(params=good_params + bytes([n, 1, 0])), f'optional parameter {n}')
    o('parameter-255-second', 'RFC 9072 2', 'reset 2/4', open_(params=good_params + bytes([255, 1, 0])), 'parameter 255 that is not the first')
    for n in (0, 3, 5):
        o(f'mp-length-{n}', 'RFC 4760 8', 'reset 2/0', open_(params=caps(AS4 + cap(1, bytes([0, 25, 0, 70, 0])[:n]))), f'multiprotocol capability of {n} octets')
    for n in (0, 2, 5):
        o(f'as4-length-{n}', 'RFC 6793 3', 'reset 2/0', open_(params=caps(MP + cap(65, bytes(5)[:n]))), f'four-octet AS capability of {n} octets')
    o('refresh-with-value', 'RFC 5492 4', 'accept', open_(params=caps(MP + AS4 + cap(2, b'\1'))), 'a value where none belongs is ignored')
    for n in (0, 1, 3, 5):
        o(f'restart-length-{n}', 'RFC 4724 3', 'accept', open_(params=caps(MP + AS4 + cap(64, bytes(5)[:n]))), f'graceful restart of {n} octets is as if it were not there')
    o('fqdn-overrun', 'RFC 5492 4', 'accept', open_(params=caps(MP + AS4 + cap(73, b'\x09abc'))), 'a host name past its end is not shown')
    o('fqdn-not-utf8', 'RFC 5492 4', 'accept', open_(params=caps(MP + AS4 + cap(73, b'\x02\xff\xfe\0'))), 'a host name that is not UTF-8')
    o('capability-unknown', 'RFC 5492 3', 'accept', open_(params=caps(MP + AS4 + cap(200, b'abc') + cap(0, b''))), 'unknown capabilities are ignored')
    o('capability-twice', 'RFC 5492 4', 'accept', open_(params=caps(MP + MP + AS4 + AS4)), 'the same capability twice')
    o('capability-each-its-parameter', 'RFC 5492 4', 'accept', open_(params=caps(MP) + caps(AS4)), 'one parameter a capability')
    o('capabilities-empty', 'RFC 5492 4', 'accept', open_(params=caps(b'') + caps(MP + AS4)), 'a parameter without capabilities')
    wide = b'\2' + p16(len(MP + AS4)) + MP + AS4
    o('extended', 'RFC 9072 2', 'accept', open_(params=b'\xff' + p16(len(wide)) + wide, length=255), 'two-octet lengths')
    o('extended-length-not-255', 'RFC 9072 3', 'accept', open_(params=b'\xff' + p16(len(wide)) + wide, length=17), 'the type decides, not the length')
    o('extended-long', 'RFC 9072 2', 'reset 2/0', open_(params=b'\xff' + p16(len(wide) + 1) + wide, length=255), 'two-octet lengths, one too long')
    o('extended-cut', 'RFC 9072 2', 'reset 2/0', open_(params=b'\xff\0', length=255), 'half of the two-octet length')
    o('extended-parameter-cut', 'RFC 9072 2', 'reset 2/0', open_(params=b'\xff' + p16(len(wide) + 2) + wide + b'\2\0', length=255), 'a parameter header of two octets')
    o('in-established', 'RFC 6608 3', 'reset 5/3', open_(), 'OPEN when there is a session', level='session')
    ROWS[-1][4] = 'established'
    case('keepalive-in-open-sent', 'RFC 6608 3', 'reset 5/1', message(4, b''), 'KEEPALIVE in place of OPEN', level='session', state='open-sent')
    case('update-in-open-sent', 'RFC 6608 3', 'reset 5/1', update(b''), 'UPDATE in place of OPEN', level='session', state='open-sent')
    case('update-in-open-confirm', 'RFC 6608 3', 'reset 5/2', update(b''), 'UPDATE before KEEPALIVE', level='session', state='open-confirm')


def refreshes():
    case('refresh', 'RFC 2918 3', 'accept', message(5, bytes([0, 25, 0, 70])), 'a request')
    case('refresh-other-family', 'RFC 2918 4', 'accept', message(5, bytes([0, 1, 0, 1])), 'a request for what we did not announce is ignored')
    case('refresh-subtype-3', 'RFC 7313 5', 'accept', message(5, bytes([0, 25, 3, 70])), 'an unknown subtype is ignored')
    case('refresh-filters', 'RFC 5291 5', 'accept', message(5, bytes([0, 25, 0, 70, 1, 64, 0, 1, 0x80])), 'a request with filters that were not agreed on')
    for n, name in ((1, 'begin'), (2, 'end')):
        whole = message(5, bytes([0, 25, n, 70, 0]))
        case(f'refresh-{name}-long', 'RFC 7313 5', 'reset 7/1', whole, f'{name} of refresh with an octet too many', data=whole.hex())


def structure():
    m = mac_of(len(ROWS) + 1)
    body = reach(t2(m)) + REST
    case('withdrawn-length-1-more', 'RFC 7606 3b', 'reset 3/1', update(b'', withdrawn_length=1), 'withdrawn routes past the end')
    case('withdrawn-length-65535', 'RFC 7606 3b', 'reset 3/1', update(body, withdrawn_length=65535), 'withdrawn routes past the end')
    case('withdrawn-length-leaves-one', 'RFC 7606 3b', 'reset 3/1', update(b'', withdrawn=b'\0', withdrawn_length=2), 'one octet left for the length of the attributes')
    case('attributes-length-1-more', 'RFC 7606 3b', 'reset 3/1', update(body, attrs_length=len(body) + 1), 'attributes past the end')
    case('attributes-length-65535', 'RFC 7606 3b', 'reset 3/1', update(body, attrs_length=65535), 'attributes past the end')
    tail = reach(t2(m)) + ORIGIN + PATH + attr(0xc0, 16, VXLAN + RT)
    case('attributes-length-1-less', 'RFC 7606 3h, 5.3', 'reset 3/10', update(tail, attrs_length=len(tail) - 1), 'the last octet of the attributes (100) becomes an IPv4 prefix of 100 bits')
    case('withdrawn-prefix-33', 'RFC 7606 5.3', 'reset 3/10', update(b'', withdrawn=bytes([33, 10, 0, 0, 0, 0])), 'IPv4 prefix of 33 bits')
    case('withdrawn-prefix-cut', 'RFC 7606 5.3', 'reset 3/10', update(b'', withdrawn=bytes([24, 10, 0])), 'IPv4 prefix of 24 bits in two octets')
    case('nlri-prefix-33', 'RFC 7606 5.3', 'reset 3/10', update(ORIGIN + PATH + HOP, nlri=bytes([33, 10, 0, 0, 0, 0])), 'IPv4 prefix of 33 bits')
    case('nlri-prefix-cut', 'RFC 7606 5.3', 'reset 3/10', update(ORIGIN + PATH + HOP, nlri=bytes([32, 10, 0, 0])), 'IPv4 prefix of 32 bits in three octets')
    case('nlri-ipv4', 'RFC 4760 6', 'accept', update(ORIGIN + PATH + HOP, nlri=bytes([24, 10, 0, 0])), 'an IPv4 route that nobody asked for is ignored', 'ipv4-unicast')
    case('withdrawn-ipv4', 'RFC 4760 6', 'accept', update(b'', withdrawn=bytes([24, 10, 0, 0, 0])), 'withdrawn IPv4 routes are ignored', 'ipv4-unicast')
    case('nlri-ipv4-and-evpn', 'RFC 7606 5.1', 'accept', update(body + HOP, nlri=bytes([24, 10, 0, 0])), 'both in one UPDATE: the EVPN route counts', 'ipv4-unicast', 1, mac=m)
    case('nlri-ipv4-no-next-hop', 'RFC 7606 3d', 'treat-as-withdraw', update(body, nlri=bytes([24, 10, 0, 0])), 'NEXT_HOP is mandatory with IPv4 routes', 'ipv4-unicast,missing-attribute', 1, mac=m)
    case('update-empty', 'RFC 4724 2', 'accept', update(b''), 'End-of-RIB of IPv4 unicast')
    case('end-of-rib', 'RFC 4724 2', 'accept', update(unreach(b'')), 'End-of-RIB')
    case('end-of-rib-extended', 'RFC 4724 2', 'accept', update(unreach(b'', flags=0x90)), 'End-of-RIB with a two-octet length')
    case('end-of-rib-other-family', 'RFC 4724 2', 'accept', update(unreach(b'', family=bytes([0, 1, 128]))), 'End-of-RIB of a family we did not announce', 'other-family')
    for n in (1, 2, 3):
        cut = bytes([0x50, 1, 0])[:n]
        withdraw(f'attribute-header-{n}', 'RFC 7606 4', cut, f'{n} octets left for an attribute header', 'attribute-list')
    withdraw('attribute-header-no-value', 'RFC 7606 4', b'\x80\x04\x04', 'a header and no value', 'attribute-list')
    withdraw('attribute-overrun', 'RFC 7606 4', b'\x80\x04\x05' + p32(1), 'a value one octet too long', 'attribute-list')
    withdraw('attribute-overrun-extended', 'RFC 7606 4', b'\x90\x04\xff\xff' + p32(1), 'a value of 65535 octets', 'attribute-list')
    case('attribute-overrun-before-reach', 'RFC 7606 5.2', 'reset 3/1', update(ORIGIN + attr(0x40, 2, b'\2\1', length=200) + reach(t2(m))), 'no route is found before the overrun')
    whole = reach(t2(m))
    case('reach-overrun', 'RFC 7606 5.2', 'reset 3/1', update(REST + whole[:2] + bytes([whole[2] + 1]) + whole[3:]), 'MP_REACH_NLRI past the end of the attributes')
    case('reach-cut-by-length', 'RFC 7606 5.3', 'reset 3/9', update(whole[:2] + bytes([whole[2] - 1]) + whole[3:-1] + REST), 'MP_REACH_NLRI ends within its last route')
    case('no-nlri-bad-origin', 'RFC 7606 5.2', 'reset 3/6', update(attr(0x40, 1, b'\3') + PATH), 'an error, and no route to withdraw for it', data=attr(0x40, 1, b'\3').hex())
    case('no-nlri', 'RFC 7606 5.2', 'accept', update(ORIGIN + PATH), 'attributes and no route')
    case('no-nlri-discard', 'RFC 7606 5.2', 'attribute-discard', update(ORIGIN + PATH + attr(0x40, 6, b'\0')), 'an error that costs an attribute alone', 'atomic-aggregate')
    case('unreach-bad-origin', 'RFC 7606 5.2', 'reset 3/6', update(unreach(t2(m)) + attr(0x40, 1, b'\3')), 'withdrawn routes are not reachable ones', data=attr(0x40, 1, b'\3').hex())


def attributes():
    """RFC 7606 section 7, attribute by attribute."""
    for n, value in ((0, b''), (2, b'\0\0')):
        withdraw(f'origin-length-{n}', 'RFC 7606 7.1', attr(0x40, 1, value), f'ORIGIN of {n} octets', 'origin', rest=PATH + COMMUNITIES)
    for n in (3, 255):
        withdraw(f'origin-{n}', 'RFC 7606 7.1', attr(0x40, 1, bytes([n])), f'ORIGIN {n}', 'origin', rest=PATH + COMMUNITIES)
    good('origin-extended-length', 'RFC 4271 4.3', attr(0x50, 1, b'\2'), 'a two-octet length for one octet', rest=PATH + COMMUNITIES)
    good('attribute-flags-low-bits', 'RFC 4271 4.3', attr(0x4f, 1, b'\2'), 'the four unused flag bits are ignored', rest=PATH + COMMUNITIES)

    def path(name, value, why, rfc='RFC 7606 7.2', **more):
        withdraw('as-path-' + name, rfc, attr(0x40, 2, value), why, 'as-path', rest=ORIGIN + COMMUNITIES, **more)
    path('segment-0', bytes([0, 1]) + p32(65002), 'segment type 0')
    path('segment-5', bytes([2, 1]) + p32(65002) + bytes([5, 1]) + p32(65002), 'segment type 5')
    path('segment-empty', bytes([2, 0]), 'a segment without a number')
    path('segment-overrun', bytes([2, 2]) + p32(65002), 'two numbers said, one there')
    path('segment-underrun', bytes([2, 1]) + p32(65002) + b'\2', 'one octet left')
    path('two-octet', bytes([2, 1]) + p16(65002), 'two octets a number where four were agreed on')
    path('four-octet', bytes([2, 1]) + p32(65002), 'four octets a number where two were agreed on', session='ebgp-as2')
    path('as-0', bytes([2, 2]) + p32(65002) + p32(0), 'AS 0', rfc='RFC 7607 2')
    path('confederation', bytes([3, 1]) + p32(65002), 'a confederation segment from another AS', rfc='RFC 5065 5.1, RFC 7606 7.2')
    withdraw('as-path-missing', 'RFC 7606 3d', b'', 'no AS_PATH', 'missing-attribute', rest=ORIGIN + COMMUNITIES)
    withdraw('origin-missing', 'RFC 7606 3d', b'', 'no ORIGIN', 'missing-attribute', rest=PATH + COMMUNITIES)
    withdraw('local-pref-missing', 'RFC 7606 3d, RFC 4271 5.1.5', b'', 'no LOCAL_PREF within an AS', 'missing-attribute', rest=ORIGIN + attr(0x40, 2, b'') + COMMUNITIES, session='ibgp')
    good('as-path-empty-internal', 'RFC 7606 4', b'', 'an empty AS_PATH is what an originator within the AS sends', rest=REST_I, session='ibgp')
    good('as-path-set', 'RFC 4271 4.3', attr(0x40, 2, bytes([2, 1]) + p32(65002) + bytes([1, 2]) + p32(1) + p32(2)), 'an AS_SET', rest=ORIGIN + COMMUNITIES)
    good('as-path-loop', 'RFC 4271 9.1.2', attr(0x40, 2, bytes([2, 2]) + p32(65002) + p32(65001)), 'our own AS in the path', 'not-installed', rest=ORIGIN + COMMUNITIES, level='rib')

    for n in (0, 3, 5, 16):
        withdraw(f'next-hop-length-{n}', 'RFC 7606 7.3', attr(0x40, 3, bytes(n)), f'NEXT_HOP of {n} octets', 'next-hop')
    good('next-hop-beside-reach', 'RFC 4760 3', HOP, 'NEXT_HOP without IPv4 routes is ignored')
    for n in (0, 3, 5):
        withdraw(f'med-length-{n}', 'RFC 7606 7.4', attr(0x80, 4, bytes(n)), f'MULTI_EXIT_DISC of {n} octets', 'med')
    for n in (0, 3, 5):
        withdraw(f'local-pref-length-{n}', 'RFC 7606 7.5', attr(0x40, 5, bytes(n)), f'LOCAL_PREF of {n} octets', 'local-pref', rest=ORIGIN + attr(0x40, 2, b'') + COMMUNITIES, session='ibgp')
    discard('local-pref-external', 'RFC 7606 7.5', PREF, 'LOCAL_PREF from another AS', 'internal-attribute')
    discard('local-pref-external-bad', 'RFC 7606 7.5', attr(0x40, 5, b'\1'), 'the same, of one octet', 'internal-attribute')
    discard('atomic-aggregate-length-1', 'RFC 7606 7.6', attr(0x40, 6, b'\0'), 'ATOMIC_AGGREGATE with a value', 'atomic-aggregate')
    good('atomic-aggregate', 'RFC 7606 4', attr(0x40, 6, b''), 'ATOMIC_AGGREGATE')
    for n in (0, 6, 7, 9):
        discard(f'aggregator-length-{n}', 'RFC 7606 7.7', attr(0xc0, 7, bytes(n)), f'AGGREGATOR of {n} octets with four-octet ASes', 'aggregator')
    discard('aggregator-length-8-as2', 'RFC 7606 7.7', attr(0xc0, 7, p32(65002) + ip('192.0.2.2')), 'AGGREGATOR of 8 octets with two-octet ASes', 'aggregator', rest=REST_2, session='ebgp-as2')
    discard('aggregator-as-0', 'RFC 7607 2', attr(0xc0, 7, p32(0) + ip('192.0.2.2')), 'AGGREGATOR of AS 0', 'aggregator')
    for n in (0, 3, 5):
        withdraw(f'communities-length-{n}', 'RFC 7606 7.8', attr(0xc0, 8, bytes(n)), f'COMMUNITIES of {n} octets', 'communities')
    for n in (0, 3, 5):
        withdraw(f'originator-id-length-{n}', 'RFC 7606 7.9', attr(0x80, 9, bytes(n)), f'ORIGINATOR_ID of {n} octets', 'originator-id', rest=REST_I, session='ibgp')
    discard('originator-id-external', 'RFC 7606 7.9', attr(0x80, 9, ip('192.0.2.9')), 'ORIGINATOR_ID from another AS', 'internal-attribute')
    good('originator-id-ours', 'RFC 4456 8', attr(0x80, 9, ip('192.0.2.1')), 'our own route, reflected', 'not-installed', rest=REST_I, session='ibgp', level='rib')
    for n in (0, 3, 5):
        withdraw(f'cluster-list-length-{n}', 'RFC 7606 7.10', attr(0x80, 10, bytes(n)), f'CLUSTER_LIST of {n} octets', 'cluster-list', rest=REST_I, session='ibgp')
    discard('cluster-list-external', 'RFC 7606 7.10', attr(0x80, 10, ip('192.0.2.9')), 'CLUSTER_LIST from another AS', 'internal-attribute')
    for n in (0, 1, 7, 9, 12):
        withdraw(f'extended-communities-length-{n}', 'RFC 7606 7.14', attr(0xc0, 16, bytes(n)), f'EXTENDED COMMUNITIES of {n} octets', 'extended-communities', rest=ORIGIN + PATH)
    good('extended-communities-unknown', 'RFC 7606 7.14', attr(0xc0, 16, RT + VXLAN + bytes.fromhex('3fee010203040506 ffffffffffffffff')), 'communities that nobody knows', rest=ORIGIN + PATH)
    for n in (0, 8, 19, 21):
        withdraw(f'ipv6-communities-length-{n}', 'RFC 7606 7.15', attr(0xc0, 25, bytes(n)), f'IPv6 EXTENDED COMMUNITIES of {n} octets', 'ipv6-extended-communities')
    for n in (0, 11, 13):
        withdraw(f'large-communities-length-{n}', 'RFC 8092 6', attr(0xc0, 32, bytes(n)), f'LARGE_COMMUNITY of {n} octets', 'large-communities')
    for n in (0, 3):
        withdraw(f'attribute-set-length-{n}', 'RFC 7606 7.16, RFC 6368 5', attr(0xc0, 128, bytes(n)), f'ATTR_SET of {n} octets', 'attribute-set')
    withdraw('attribute-set-overrun', 'RFC 7606 7.16, RFC 6368 5', attr(0xc0, 128, p32(65002) + b'\x40\1\2\0'), 'an attribute past the end of ATTR_SET', 'attribute-set')
    discard('as4-path-from-new-speaker', 'RFC 6793 4.1', attr(0xc0, 17, bytes([2, 1]) + p32(4200000001)), 'AS4_PATH where four octets were agreed on', 'as4-path')
    discard('as4-aggregator-from-new-speaker', 'RFC 6793 4.1', attr(0xc0, 18, p32(4200000001) + ip('192.0.2.2')), 'AS4_AGGREGATOR where four octets were agreed on', 'as4-aggregator')
    for name, value in (('overrun', bytes([2, 2]) + p32(1)), ('segment-5', bytes([5, 1]) + p32(1)), ('segment-empty', bytes([2, 0])), ('empty', b''), ('odd', b'\2\1\0')):
        discard(f'as4-path-{name}', 'RFC 6793 6', attr(0xc0, 17, value), 'AS4_PATH: ' + name, 'as4-path', rest=REST_2, session='ebgp-as2')
    for n in (0, 7, 9):
        discard(f'as4-aggregator-length-{n}', 'RFC 6793 6', attr(0xc0, 18, bytes(n)), f'AS4_AGGREGATOR of {n} octets', 'as4-aggregator', rest=REST_2, session='ebgp-as2')
    good('as4-path', 'RFC 6793 4.2.3', attr(0xc0, 17, bytes([2, 1]) + p32(4200000001)), 'AS4_PATH in place of 23456',
         rest=ORIGIN + attr(0x40, 2, bytes([2, 2]) + p16(65002) + p16(23456)) + COMMUNITIES, session='ebgp-as2')

    good('as4-path-stale', 'RFC 6793 4.2.3', attr(0xc0, 7, p16(65002) + ip('192.0.2.2')) + attr(0xc0, 17, bytes([2, 1]) + p32(4200000001)) + attr(0xc0, 18, p32(4200000001) + ip('192.0.2.2')),
         'an AGGREGATOR that is not 23456: the AS4 attributes are stale', rest=REST_2, session='ebgp-as2')
    good('as-path-confederation-internal', 'RFC 5065 5.1', attr(0x40, 2, bytes([3, 1]) + p32(65100)), 'a confederation segment within the AS', rest=ORIGIN + PREF + COMMUNITIES, session='ibgp')

    flags = {1: (0x40, b'\0', 'origin'), 2: (0x40, bytes([2, 1]) + p32(65002), 'as-path'), 3: (0x40, ip('192.0.2.2'), 'next-hop'), 4: (0x80, p32(1), 'med'),
             6: (0x40, b'', 'atomic-aggregate'), 7: (0xc0, p32(65002) + ip('192.0.2.2'), 'aggregator'), 8: (0xc0, p32(1), 'communities'),
             16: (0xc0, RT + VXLAN, 'extended-communities'), 22: (0xc0, bytes([0, 6]) + p24(100) + ip('192.0.2.2'), 'pmsi')}
    for kind, (right, value, name) in flags.items():
        rest = b''.join(a for k, a in ((1, ORIGIN), (2, PATH), (16, COMMUNITIES)) if k != kind)
        for bit, word in ((0x80, 'optional'), (0x40, 'transitive')):
            wrong = right ^ bit
            if not wrong & 0xc0 and kind in (1, 2, 3, 6):
                wrong = 0
            withdraw(f'{name}-{word}-flag', 'RFC 7606 3c', attr(wrong, kind, value), f'{name} with flags {wrong:02x}', 'attribute-flags', rest=rest)
    for kind, value, name in ((9, ip('192.0.2.9'), 'originator-id'), (10, ip('192.0.2.9'), 'cluster-list')):
        withdraw(f'{name}-transitive-flag', 'RFC 7606 3c', attr(0xc0, kind, value), f'{name} with flags c0', 'attribute-flags', rest=REST_I, session='ibgp')
    good('partial-flag', 'RFC 4271 4.3', attr(0xe0, 8, p32(1)), 'the partial bit of an optional transitive attribute')

    discard('origin-twice', 'RFC 7606 3g', attr(0x40, 1, b'\2'), 'a second ORIGIN', 'duplicate-attribute')
    discard('origin-twice-bad', 'RFC 7606 3g', attr(0x40, 1, b'\7'), 'a second ORIGIN, which would be an error alone', 'duplicate-attribute')
    discard('extended-communities-twice', 'RFC 7606 3g', attr(0xc0, 16, VXLAN), 'a second EXTENDED COMMUNITIES', 'duplicate-attribute')
    discard('unknown-attribute-twice', 'RFC 7606 3g', attr(0xc0, 200, b'a') * 2, 'an unknown attribute twice', 'duplicate-attribute')
    withdraw('strongest-wins', 'RFC 7606 3h', attr(0x40, 6, b'\0') + attr(0x80, 4, b'\0'), 'an attribute to discard and one to withdraw for', 'atomic-aggregate,med')
    good('unknown-attribute-transitive', 'RFC 4271 5', attr(0xc0, 200, b'abc'), 'an unknown optional transitive attribute')
    good('unknown-attribute-optional', 'RFC 4271 5', attr(0x80, 201, b'abc'), 'an unknown optional attribute')
    good('unknown-attribute-empty', 'RFC 4271 5', attr(0xc0, 0, b''), 'an unknown optional attribute of type 0')
    m = mac_of(len(ROWS) + 1)
    odd = attr(0x40, 200, b'abc')
    case('unknown-attribute-well-known', 'RFC 4271 6.3', 'reset 3/2', update(reach(t2(m)) + REST + odd), 'an unknown attribute that claims to be well known', data=odd.hex())


def pmsi():
    def multicast(_): return t3()
    def p(name, value, why, **more):
        withdraw('pmsi-' + name, 'RFC 6514 5', attr(0xc0, 22, value), why, 'pmsi', routes=multicast, **more)
    for n in range(5):
        p(f'length-{n}', bytes([0, 6, 0, 0, 100])[:n], f'PMSI tunnel of {n} octets')
    for n in (0, 3, 5, 15, 17):
        p(f'endpoint-{n}', bytes([0, 6]) + p24(100) + bytes(n), f'ingress replication to an address of {n} octets')
    good('pmsi-ipv6', 'RFC 6514 5', attr(0xc0, 22, bytes([0, 6]) + p24(100) + V6), 'ingress replication to an IPv6 address', routes=multicast)
    good('pmsi-leaf-flag', 'RFC 7432 11.2', attr(0xc0, 22, bytes([1, 6]) + p24(100) + ip('192.0.2.2')), 'the leaf-information flag is ignored', routes=multicast)
    for n in (0, 1, 3, 4, 5, 7, 127, 255):
        good(f'pmsi-type-{n}', 'RFC 7432 11.2, RFC 7385 2', attr(0xc0, 22, bytes([0, n]) + p24(100) + bytes(8)), f'tunnel type {n} is not ingress replication: nowhere to send copies', 'not-installed', routes=multicast, level='rib')
    good('pmsi-missing', 'RFC 7432 11.2', b'', 'type 3 without a PMSI tunnel', 'not-installed', routes=multicast, level='rib')
    good('pmsi-endpoint-multicast', 'RFC 8365 9', attr(0xc0, 22, bytes([0, 6]) + p24(100) + ip('239.1.1.1')), 'ingress replication to a group', 'not-installed', routes=multicast, level='rib')
    good('pmsi-vni-0', 'RFC 8365 5.1.3', attr(0xc0, 22, bytes([0, 6]) + p24(0) + ip('192.0.2.2')), 'VNI 0 is a number like another', routes=multicast)


def multiprotocol():
    def m(): return mac_of(len(ROWS) + 1)
    for n in (0, 1, 2, 3, 5, 12, 17, 24, 32, 48, 255):
        whole = reach(t2(m()), hop=bytes(n))
        case(f'reach-next-hop-{n}', 'RFC 7606 7.11', 'reset 3/9', update(whole + REST), f'next hop of {n} octets', data=whole.hex())
    for n in range(5):
        whole = attr(0x80, 14, (EVPN + b'\4' + ip('192.0.2.2'))[:n])
        case(f'reach-length-{n}', 'RFC 7606 5.3', 'reset 3/9', update(whole + REST), f'MP_REACH_NLRI of {n} octets', data=whole.hex())
    for n in range(4):
        whole = attr(0x80, 14, EVPN + b'\4' + ip('192.0.2.2')[:n])
        case(f'reach-next-hop-cut-{n}', 'RFC 7606 7.11', 'reset 3/9', update(whole + REST), f'{n} octets of a next hop of 4', data=whole.hex())
    whole = attr(0x80, 14, EVPN + b'\4' + ip('192.0.2.2'))
    case('reach-no-reserved', 'RFC 7606 5.3', 'reset 3/9', update(whole + REST), 'no reserved octet', data=whole.hex())
    case('reach-empty', 'RFC 4760 3', 'accept', update(reach(b'') + REST), 'no route in MP_REACH_NLRI', 'empty-reach')
    x = m()
    case('reach-reserved-set', 'RFC 4760 3', 'accept', update(reach(t2(x), reserved=0xff) + REST), 'the reserved octet is ignored', '-', 1, mac=x)
    x = m()
    case('reach-last', 'RFC 7606 5.1', 'accept', update(REST + reach(t2(x))), 'MP_REACH_NLRI last', '-', 1, mac=x)
    x = m()
    case('reach-extended-length', 'RFC 4271 4.3', 'accept', update(reach(t2(x), flags=0x90) + REST), 'MP_REACH_NLRI with a two-octet length', '-', 1, mac=x)
    x = m()
    case('reach-ipv6-next-hop', 'RFC 8365 5.1.3', 'accept', update(reach(t2(x), hop=V6) + REST), 'an IPv6 VTEP', '-', 1, mac=x)
    x = m()
    case('reach-and-unreach', 'RFC 7606 5.1', 'accept', update(unreach(t2(mac_of(9999))) + reach(t2(x)) + REST), 'both in one UPDATE', '-', 1, 1, mac=x)
    case('reach-twice', 'RFC 7606 3g', 'reset 3/1', update(reach(t2(m())) + REST + reach(t2(mac_of(9998)))), 'MP_REACH_NLRI twice')
    case('reach-twice-other-family', 'RFC 7606 3g', 'reset 3/1', update(reach(t2(m())) + REST + reach(bytes([24, 10, 0, 0]), family=bytes([0, 1, 1]))), 'MP_REACH_NLRI twice, of two families')
    case('unreach-twice', 'RFC 7606 3g', 'reset 3/1', update(unreach(t2(m())) + unreach(t2(mac_of(9998)))), 'MP_UNREACH_NLRI twice')
    for flag in (0x00, 0x40, 0xc0):
        whole = reach(t2(m()), flags=flag)
        case(f'reach-flags-{flag:02x}', 'RFC 7606 5.3', 'reset 3/4', update(whole + REST), f'MP_REACH_NLRI with flags {flag:02x}', data=whole.hex())
        whole = unreach(t2(m()), flags=flag)
        case(f'unreach-flags-{flag:02x}', 'RFC 7606 5.3', 'reset 3/4', update(whole), f'MP_UNREACH_NLRI with flags {flag:02x}', data=whole.hex())
    for n in range(3):
        whole = attr(0x80, 15, EVPN[:n])
        case(f'unreach-length-{n}', 'RFC 7606 5.3', 'reset 3/9', update(whole), f'MP_UNREACH_NLRI of {n} octets', data=whole.hex())
    for name, family, value in (('ipv4', bytes([0, 1, 1]), bytes([24, 10, 0, 0])), ('vpls', bytes([0, 25, 65]), bytes(19)), ('reserved', bytes([255, 255, 255]), b'\xff')):
        case(f'reach-other-family-{name}', 'RFC 4760 6', 'accept', update(reach(value, family=family) + REST), 'a family that we did not announce is ignored', 'other-family')
        case(f'unreach-other-family-{name}', 'RFC 4760 6', 'accept', update(unreach(value, family=family)), 'a family that we did not announce is ignored', 'other-family')
    case('reach-other-family-bad-next-hop', 'RFC 4760 6', 'accept', update(reach(b'', hop=bytes(3), family=bytes([0, 1, 1])) + REST), 'nor are its rules ours', 'other-family')
    for name, hop in (('ours', '192.0.2.1'), ('zero', '0.0.0.0'), ('broadcast', '255.255.255.255'), ('multicast', '239.1.1.1'), ('loopback', '127.0.0.1')):
        x = m()
        case(f'next-hop-{name}', 'RFC 4271 5.1.3, 6.3', 'not-installed', update(reach(t2(x), hop=ip(hop)) + REST), f'next hop {hop}', '-', 1, mac=x, level='rib')
    x = m()
    case('next-hop-ipv6-multicast', 'RFC 4271 6.3', 'not-installed', update(reach(t2(x), hop=bytes.fromhex('ff020000000000000000000000000001')) + REST), 'next hop ff02::1', '-', 1, mac=x, level='rib')


def routes():
    rest = RD + ESI0 + p32(0)

    def skip(name, rfc, value, why, fault):
        """The bad route between two good ones, which count."""
        a, b = mac_of(len(ROWS) + 1), mac_of(0x8000 + len(ROWS) + 1)
        case(name, rfc, 'skip-nlri', update(reach(t2(a) + value + t2(b)) + REST), why, fault, 2, mac=a)

    def ok(name, rfc, value, why, attrs=REST, **more):
        case(name, rfc, more.pop('expected', 'accept'), update(reach(value) + attrs), why, more.pop('faults', '-'), 1, **more)

    for n in (0, 6, 7, 11, 127, 255):
        skip(f'route-type-{n}', 'RFC 7606 5.4', nlri(n, bytes(range(20))), f'route type {n}', 'unknown-route-type')
    skip('route-type-6-empty', 'RFC 7606 5.4', nlri(6, b''), 'route type 6 without a value', 'unknown-route-type')
    skip('route-type-255-longest', 'RFC 7606 5.4', nlri(255, b'\xff' * 255), 'route type 255 of 255 octets', 'unknown-route-type')
    case('route-type-unknown-alone', 'RFC 7606 5.4', 'skip-nlri', update(reach(nlri(9, bytes(23))) + attr(0xc0, 22, bytes([0, 6]) + p24(100) + ip('192.0.2.2')) + REST), 'nothing but an unknown route', 'unknown-route-type')
    case('route-type-unknown-withdrawn', 'RFC 7606 5.4', 'skip-nlri', update(unreach(nlri(9, bytes(23)) + t2(mac_of(9999)))), 'an unknown route withdrawn', 'unknown-route-type', 0, 1)
    bad = bytes([2, 0xbd, 0xff, 0, 0, 1])
    for n in (0, 8, 47, 49, 64, 255):
        skip(f'mac-length-{n}', 'RFC 7432 9.2.1, RFC 7606 5.4', t2(bad, maclen=n), f'MAC of {n} bits', 'mac-length')
    for n in (1, 8, 31, 33, 64, 127, 129, 255):
        skip(f'ip-length-{n}', 'RFC 7432 9.2.1, RFC 7606 5.4', t2(bad, iplen=n, address=bytes(4)), f'host address of {n} bits', 'address-length')
    skip('ip-length-32-no-address', 'RFC 7432 7.2', t2(bad, iplen=32), 'an address of 32 bits that is not there', 'route-length')
    skip('ip-length-0-address', 'RFC 7432 7.2', t2(bad, iplen=0, address=ip('10.0.0.1')), 'an address that the length denies', 'route-length')
    skip('ip-length-128-of-4', 'RFC 7432 7.2', t2(bad, iplen=128, address=ip('10.0.0.1')), 'an address of 128 bits in four octets', 'route-length')
    skip('ip-length-32-of-16', 'RFC 7432 7.2', t2(bad, iplen=32, address=V6), 'an address of 32 bits in sixteen octets', 'route-length')
    whole = (rest + bytes([48]) + bad + bytes([0]) + p24(100) + bytes(40))
    for n in (0, 1, 22, 23, 29, 30, 32, 34, 35, 38):
        skip(f'mac-route-length-{n}', 'RFC 7432 7.2', nlri(2, whole[:n]), f'type 2 of {n} octets', 'route-length')
    skip('mac-ip-mapped', 'RFC 4291 2.5.5.2', t2(bad, iplen=128, address=bytes(10) + b'\xff\xff' + ip('10.0.0.1')), 'an IPv4-mapped address, which is of no wire', 'mapped-address')

    def mm(): return mac_of(len(ROWS) + 1)
    x = mm(); ok('one-label', 'RFC 7432 7.2', t2(x), 'one label', mac=x)
    x = mm(); ok('two-labels', 'RFC 9135 5.1', t2(x, label2=4000), 'two labels', mac=x)
    x = mm(); ok('two-labels-ipv4', 'RFC 9135 5.1', t2(x, 32, ip('10.0.0.1'), label2=4000), 'two labels and an IPv4 address', mac=x)
    x = mm(); ok('two-labels-ipv6', 'RFC 9135 5.1', t2(x, 128, V6, label2=4000), 'two labels and an IPv6 address', mac=x)
    x = mm(); ok('vni-0', 'RFC 8365 5.1.3', t2(x, label=0), 'VNI 0 is a number like another', mac=x)
    x = mm(); ok('vni-max', 'RFC 8365 5.1.3', t2(x, label=0xffffff), 'VNI 16777215: all 24 bits', mac=x)
    x = mm(); ok('esi-reserved', 'RFC 7432 5', t2(x, esi=b'\xff' * 10), 'the reserved segment', mac=x)
    for name, address in (('zero', bytes(6)), ('broadcast', b'\xff' * 6), ('multicast', bytes.fromhex('01005e000001'))):
        ok(f'mac-{name}', 'RFC 7432 7.2', t2(address), f'a MAC that no station has: {address.hex(":")}', mac=address, expected='not-installed', level='rib')
    x = mm(); ok('no-route-target', 'RFC 7432 7.10', t2(x), 'no route target', ORIGIN + PATH + attr(0xc0, 16, VXLAN), mac=x, expected='not-installed', level='rib')
    x = mm(); ok('no-communities', 'RFC 7432 7.10', t2(x), 'no communities at all', ORIGIN + PATH, mac=x, expected='not-installed', level='rib')
    x = mm(); ok('encapsulation-mpls', 'RFC 8365 5.1.3', t2(x), 'an encapsulation we do not have', ORIGIN + PATH + attr(0xc0, 16, RT + bytes.fromhex('030c00000000000a')), mac=x, expected='not-installed', level='rib')
    x = mm(); ok('mobility-max', 'RFC 7432 15', t2(x), 'sequence 4294967295', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('06000000ffffffff')), mac=x)
    x = mm(); ok('mobility-flags', 'RFC 7432 7.7', t2(x), 'unknown mobility flags and the reserved octet', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('0600feff00000001')), mac=x)
    x = mm(); ok('mobility-twice', 'RFC 7432 15', t2(x), 'two mobility communities', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('06000000000000010600000000000002')), mac=x)
    x = mm(); ok('sticky', 'RFC 7432 15.2', t2(x), 'a sticky MAC', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('0600010000000000')), mac=x)

    for n, value in ((16, RD + p32(0) + b'\x20' + ip('192.0.2.2')[:3]), (18, RD + p32(0) + b'\x20' + ip('192.0.2.2') + b'\0'), (28, RD + p32(0) + b'\x80' + V6[:15]), (12, RD + p32(0)), (0, b'')):
        skip(f'imet-length-{n}', 'RFC 7432 7.3', nlri(3, value), f'type 3 of {n} octets', 'route-length')
    for n in (0, 31, 33, 128):
        skip(f'imet-ip-length-{n}', 'RFC 7432 7.3', t3(bits=n), f'originator of {n} bits in four octets', 'address-length' if n != 128 else 'route-length')
    ok('imet-ipv6', 'RFC 7432 7.3', t3(V6), 'an IPv6 originator', REST + PMSI)
    for n in (24, 26, 0):
        skip(f'auto-discovery-length-{n}', 'RFC 7432 7.1', nlri(1, (RD + bytes(18))[:n] if n else b''), f'type 1 of {n} octets', 'route-length')
    ok('auto-discovery', 'RFC 7432 7.1', nlri(1, RD + bytes(10) + b'\xff' * 4 + bytes(3)), 'type 1')
    for n in (22, 24, 36):
        skip(f'segment-length-{n}', 'RFC 7432 7.4', nlri(4, (RD + bytes(10) + b'\x20' + bytes(17))[:n]), f'type 4 of {n} octets', 'route-length')
    for n in (0, 64):
        skip(f'segment-ip-length-{n}', 'RFC 7432 7.4', nlri(4, RD + bytes(10) + bytes([n]) + bytes(4)), f'originator of {n} bits', 'address-length')
    ok('segment', 'RFC 7432 7.4', nlri(4, RD + bytes(10) + b'\x20' + ip('192.0.2.2')), 'type 4')
    for n in (0, 33, 35, 57, 59):
        skip(f'prefix-length-octets-{n}', 'RFC 9136 3.1', nlri(5, (rest + b'\x18' + bytes(40))[:n]), f'type 5 of {n} octets', 'route-length')
    skip('prefix-33', 'RFC 9136 3.1', t5(bits=33), 'an IPv4 prefix of 33 bits', 'prefix-length')
    skip('prefix-129', 'RFC 9136 3.1', t5(bits=129, prefix=V6), 'an IPv6 prefix of 129 bits', 'prefix-length')
    ok('prefix', 'RFC 9136 3.1', t5(), 'type 5')
    ok('prefix-host-bits', 'RFC 4271 4.3', t5(bits=8), 'bits behind the prefix are irrelevant')
    ok('prefix-ipv6', 'RFC 9136 3.1', t5(bits=64, prefix=V6), 'type 5, IPv6')
    ok('prefix-gateway', 'RFC 9136 3.1', t5(gateway=ip('10.1.2.1'), label=0), 'a gateway and no label')
    ok('prefix-gateway-and-segment', 'RFC 9136 3.2', t5(gateway=ip('10.1.2.1'), esi=b'\1' * 10), 'a gateway and a segment', expected='treat-as-withdraw', faults='overlay-index')
    ok('prefix-no-label', 'RFC 9136 3.1', t5(label=0), 'no label and no overlay index', expected='treat-as-withdraw', faults='overlay-index')
    ok('prefix-no-label-router-mac', 'RFC 9136 3.2', t5(label=0), 'no label; the router MAC is the overlay index', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('0603020000000001')))
    ok('prefix-router-mac-multicast', 'RFC 9136 3.2', t5(label=0), 'a router MAC that is a group', ORIGIN + PATH + attr(0xc0, 16, RT + VXLAN + bytes.fromhex('060301005e000001')), expected='treat-as-withdraw', faults='overlay-index')

    for name, value, why in (('cut', t2(bad)[:-1], 'the last octet is missing'), ('type-alone', b'\2', 'a type without a length'), ('length-255', nlri(2, b'', length=255), 'a length of 255 and nothing behind it'),
                             ('unknown-cut', nlri(9, b'abc', length=4), 'an unknown route past the end')):
        whole = reach(t2(mm()) + value)
        case(f'nlri-{name}', 'RFC 7606 3j, 5.3', 'reset 3/9', update(whole + REST), why, data=whole.hex())
        whole = unreach(t2(mm()) + value)
        case(f'withdrawn-nlri-{name}', 'RFC 7606 3j, 5.3', 'reset 3/9', update(whole), why + ', withdrawn', data=whole.hex())
    x = mm()
    case('reach-and-unreach-same', 'RFC 4271 4.3', 'accept', update(reach(t2(x)) + unreach(t2(x)) + REST), 'a route announced and withdrawn at once is announced', '-', 1, 1, mac=x)
    x = mm()
    case('same-route-twice', 'RFC 4271 3.1', 'accept', update(reach(t2(x, label=200) + t2(x)) + REST), 'a route twice with different labels: the last counts', '-', 2, mac=x)
    x = mm()
    case('withdraw-with-bad-reach', 'RFC 7606 2', 'treat-as-withdraw', update(unreach(t2(mac_of(9999))) + reach(t2(x)) + PATH + COMMUNITIES), 'what was to be withdrawn is, and what was to be announced too', 'missing-attribute', 1, 1, mac=x)
    case('withdraw-with-attributes', 'RFC 4271 4.3', 'accept', update(unreach(t2(mac_of(9999))) + REST), 'attributes beside withdrawn routes', '-', 0, 1)
    case('withdraw-extended-length', 'RFC 4271 4.3', 'accept', update(unreach(t2(mac_of(9999)), flags=0x90)), 'MP_UNREACH_NLRI with a two-octet length', '-', 0, 1)
    case('withdraw', 'RFC 7432 7.2', 'accept', update(unreach(t2(mac_of(9999), label=0))), 'a withdrawn route without a label', '-', 0, 1)
    case('withdraw-unknown-key', 'RFC 4271 9.1.4', 'accept', update(unreach(t2(mac_of(0xfffe)))), 'a route that was never announced', '-', 0, 1)


headers()
opens()
refreshes()
structure()
attributes()
pmsi()
multiprotocol()
routes()
names = [row[0] for row in ROWS]
assert len(set(names)) == len(names), sorted(n for n in names if names.count(n) > 1)
print('\t'.join(['name', 'level', 'rfc', 'session', 'state', 'expected', 'data', 'faults', 'reach', 'unreach', 'mac', 'hex', 'why']))
for row in ROWS:
    print('\t'.join(row))
print(f'{len(ROWS)} cases', file=sys.stderr)
