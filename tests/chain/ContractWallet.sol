// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// A wallet that is a contract and signs by its owner's key (ERC-1271), for tests on a local chain.
/// `ContractWallet.bin` beside this is its runtime code: solc 0.8.37, optimised, EVM version paris.
contract ContractWallet {
    address private owner;

    function isValidSignature(bytes32 digest, bytes calldata signature) external view returns (bytes4) {
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        return ecrecover(digest, uint8(signature[64]), r, s) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}
