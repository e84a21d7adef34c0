// SPDX-License-Identifier: Apache-2.0
pragma solidity 0.8.37;

/// The few words of an ERC-8004 identity registry that signing in asks about, for tests on a local chain.
/// `AgentRegistry.bin` beside this is its runtime code: solc 0.8.37, optimised, EVM version paris.
contract AgentRegistry {
    event Transfer(address indexed from, address indexed to, uint256 indexed agentId);

    mapping(uint256 => address) private owners;
    uint256 private agents;

    function register() external returns (uint256 agentId) {
        agentId = agents++;
        owners[agentId] = msg.sender;
        emit Transfer(address(0), msg.sender, agentId);
    }

    function ownerOf(uint256 agentId) public view returns (address owner) {
        owner = owners[agentId];
        require(owner != address(0), "nonexistent token");
    }

    function transferFrom(address from, address to, uint256 agentId) external {
        require(msg.sender == from && ownerOf(agentId) == from, "not yours");
        owners[agentId] = to;
        emit Transfer(from, to, agentId);
    }
}
