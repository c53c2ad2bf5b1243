/// A set of octets that a scan passes over.
protocol OctetClass {
    /// Whether the octet belongs to the set.
    static func contains(_ octet: UInt8) -> Bool

    /// Which of sixteen octets belong to the set.
    ///
    /// It may leave out octets that are rare, because ``contains(_:)`` decides about each lane that is left out; it
    /// must never take in others.
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>>
}

extension OctetClass {
    /// The lanes with an octet from `low` to `high`.
    @inline(__always)
    fileprivate static func lanes(
        of octets: SIMD16<UInt8>, from low: UInt8, to high: UInt8
    ) -> SIMDMask<SIMD16<Int8>> {
        (octets &- SIMD16(repeating: low)) .<= SIMD16(repeating: high &- low)
    }

    @inline(__always)
    fileprivate static func letters(_ octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        lanes(of: octets | SIMD16(repeating: 0x20), from: 0x61, to: 0x7A)
    }
}

/// What a field value, and any line, may hold: VCHAR, obs-text, space and tab.
enum FieldContentOctets: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { Octets.isFieldContent(octet) }

    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        octets .>= SIMD16(repeating: 0x20) .& (octets .!= SIMD16(repeating: 0x7F))
    }
}

/// What a token is made of; letters, digits and hyphens are nearly all there ever are.
enum TokenOctets: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { Octets.isToken(octet) }

    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        letters(octets) .| (octets .== SIMD16(repeating: 0x2D)) .| lanes(of: octets, from: 0x30, to: 0x39)
    }
}

/// What a path may hold unescaped.
enum PathOctets: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { Octets.isPath(octet) }

    // All but ! $ @ ~.
    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        letters(octets) .| lanes(of: octets, from: 0x26, to: 0x3B) .| (octets .== SIMD16(repeating: 0x3D))
            .| (octets .== SIMD16(repeating: 0x5F))
    }
}

/// What a query may hold unescaped.
enum QueryOctets: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { Octets.isQuery(octet) }

    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        PathOctets.containsAll(of: octets)
    }
}

/// What a registered name may hold unescaped; letters, digits, hyphens and dots are nearly all there ever are.
enum RegisteredNameOctets: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { Octets.isRegisteredName(octet) }

    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        letters(octets) .| lanes(of: octets, from: 0x2D, to: 0x2E) .| lanes(of: octets, from: 0x30, to: 0x39)
    }
}

/// All but the space.
enum OctetsWithoutSpace: OctetClass {
    @inline(__always)
    static func contains(_ octet: UInt8) -> Bool { octet != Octets.space }

    @inline(__always)
    static func containsAll(of octets: SIMD16<UInt8>) -> SIMDMask<SIMD16<Int8>> {
        octets .!= SIMD16(repeating: Octets.space)
    }
}
