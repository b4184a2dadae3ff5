namespace Overlay.Dataplane.Interop;

/// <summary>Constants of the Linux user API that the wrappers use (include/uapi, asm-generic values).</summary>
internal static class LinuxConstants
{
    // open(2)
    internal const int OpenReadWrite = 2;
    internal const int OpenNonBlock = 0x800;
    internal const int OpenCloseOnExec = 0x80000;

    // flock(2)
    internal const int LockExclusiveNow = 2 | 4;

    // fcntl(2)
    internal const int GetDescriptorFlags = 1;
    internal const int SetDescriptorFlags = 2;
    internal const int GetStatusFlags = 3;
    internal const int SetStatusFlags = 4;
    internal const int DescriptorCloseOnExec = 1;

    // memfd_create(2), poll(2)
    internal const uint MemFdCloseOnExec = 1;
    internal const short PollIn = 1;

    // socket(2)
    internal const int FamilyUnix = 1;
    internal const int FamilyInet = 2;
    internal const int FamilyInet6 = 10;
    internal const int FamilyNetlink = 16;
    internal const int FamilyPacket = 17;
    internal const int TypeDatagram = 2;
    internal const int TypeRaw = 3;
    internal const int TypeNonBlock = 0x800;
    internal const int TypeCloseOnExec = 0x80000;

    internal const int MessageTruncated = 0x20;
    internal const int MessageDontWait = 0x40;
    internal const int MessageErrorQueue = 0x2000;

    internal const int LevelSocket = 1;
    internal const int SocketReuseAddress = 2;
    internal const int SocketType = 3;
    internal const int SocketSendTimeout = 21;
    internal const int SocketProtocol = 38;
    internal const int SocketDomain = 39;
    internal const int SocketCookie = 57;
    internal const int SocketNamespaceCookie = 71;
    internal const int ControlRights = 1;
    internal const int ProtocolUdp = 17;
    internal const int SocketError = 4;
    internal const int SocketSendBuffer = 7;
    internal const int SocketReceiveBuffer = 8;
    internal const int SocketNoCheck = 11;
    internal const int SocketReusePort = 15;
    internal const int SocketBindToDevice = 25;
    internal const int SocketAttachFilter = 26;
    internal const int SocketAttachReusePortProgram = 52;
    internal const int SocketSendBufferForce = 32;
    internal const int SocketReceiveBufferForce = 33;
    internal const int SocketMemoryInfo = 55;
    internal const int SocketBindToIndex = 62;

    internal const int LevelIp = 0;
    internal const int IpTos = 1;
    internal const int IpTtl = 2;
    internal const int IpPacketInfo = 8;
    internal const int IpMtuDiscover = 10;
    internal const int IpRecvErr = 11;
    internal const int IpRecvTos = 13;
    internal const int IpFreeBind = 15;
    internal const int IpMulticastLoop = 34;
    internal const int MulticastJoinGroup = 42;
    internal const int MulticastLeaveGroup = 45;
    internal const int IpMulticastAll = 49;

    internal const int LevelIpv6 = 41;
    internal const int Ipv6UnicastHops = 16;
    internal const int Ipv6MulticastLoop = 19;
    internal const int Ipv6MtuDiscover = 23;
    internal const int Ipv6RecvErr = 25;
    internal const int Ipv6Only = 26;
    internal const int Ipv6MulticastAll = 29;
    internal const int Ipv6PacketInfo = 50;
    internal const int Ipv6HopLimit = 52;
    internal const int Ipv6RecvTrafficClass = 66;
    internal const int Ipv6TrafficClass = 67;
    internal const int Ipv6FreeBind = 78;

    internal const int PathMtuDiscoveryDont = 0;
    internal const int PathMtuDiscoveryProbe = 3;

    internal const int LevelUdp = 17;
    internal const int UdpNoCheck6Tx = 101;
    internal const int UdpNoCheck6Rx = 102;
    internal const int UdpSegment = 103;
    internal const int UdpGro = 104;

    // packet(7), linux/if_packet.h, linux/if_ether.h
    internal const int LevelPacket = 263;
    internal const int PacketAddMembership = 1;
    internal const int PacketStatistics = 6;
    internal const int PacketAuxiliaryData = 8;
    internal const int PacketVnetHeader = 15;
    internal const int PacketQdiscBypass = 20;
    internal const int PacketIgnoreOutgoing = 23;
    internal const ushort PacketPromiscuous = 1;
    internal const uint PacketStatusVlanValid = 0x10;
    internal const uint PacketStatusVlanTypeValid = 0x40;
    internal const ushort AllProtocols = 3;

    // epoll(7)
    internal const uint EpollIn = 0x1;
    internal const uint EpollEdge = 0x8000_0000;

    // /dev/net/tun (linux/if_tun.h)
    internal const uint TunSetIff = 0x400454ca;
    internal const uint TunSetPersist = 0x400454cb;
    internal const uint TunSetOffload = 0x400454d0;
    internal const uint TunGetIff = 0x800454d2;
    internal const uint TunSetVnetHeaderSize = 0x400454d8;
    internal const uint TunSetQueue = 0x400454d9;
    internal const uint TunSetSteering = 0x800454e0;
    internal const uint TunGetNamespace = 0x54e3;
    internal const uint TunChecksum = 0x01;
    internal const uint TunTso4 = 0x02;
    internal const uint TunTso6 = 0x04;
    internal const uint TunTsoEcn = 0x08;
    internal const uint TunUso4 = 0x20;
    internal const uint TunUso6 = 0x40;
    internal const ushort TunTap = 0x0002;
    internal const ushort TunMultiQueue = 0x0100;
    internal const ushort TunAttachQueue = 0x0200;
    internal const ushort TunDetachQueue = 0x0400;
    internal const ushort TunNoPacketInfo = 0x1000;
    internal const ushort TunVnetHeader = 0x4000;

    // netdevice(7)
    internal const uint GetName = 0x8910;
    internal const uint GetFlags = 0x8913;
    internal const uint SetFlags = 0x8914;
    internal const uint GetAddress = 0x8915;
    internal const uint GetMtu = 0x8921;
    internal const uint SetMtu = 0x8922;
    internal const uint SetHardwareAddress = 0x8924;
    internal const uint GetHardwareAddress = 0x8927;
    internal const uint GetIndex = 0x8933;
    internal const uint GetQueueLength = 0x8942;
    internal const uint SetQueueLength = 0x8943;
    internal const uint BridgeAddInterface = 0x89a2;
    internal const uint BridgeRemoveInterface = 0x89a3;
    internal const ushort InterfaceUp = 1;
    internal const ushort InterfaceRunning = 0x40;
    internal const ushort HardwareEthernet = 1;

    internal const int NewNetworkNamespace = 0x4000_0000;
}
